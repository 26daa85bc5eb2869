// A batch update in Node with koffi, which needs no compiler: node batch.js LIBRARY, such as libpinquery.so.0
import koffi from 'koffi';

const library = koffi.load(process.argv[2]);
koffi.opaque('pinquery_template');
koffi.opaque('pinquery_devices');
koffi.struct('pinquery_text', { bytes: 'void *', length: 'size_t', escaped: 'uint8_t' });
koffi.struct('pinquery_update', { pin: 'uint8_t', type: 'uint8_t', adjusted: 'uint8_t', value: koffi.array('uint64_t', 3) });
koffi.struct('pinquery_error', {
  kind: 'uint8_t', reason: 'uint8_t', pin: 'int16_t', status: 'uint16_t', start: 'size_t', end: 'size_t',
  body: 'void *', body_length: 'size_t',
});
const fromJson = library.func('pinquery_devices *pinquery_devices_from_json(const char *json, size_t length, void *reason, size_t capacity)');
const free = library.func('void pinquery_devices_free(pinquery_devices *devices)');
const lookup = library.func('const pinquery_template *pinquery_devices_lookup(void *devices, const uint8_t *token, size_t length)');
const updatesOf = library.func('uint8_t pinquery_updates(const uint8_t *query, size_t length, const pinquery_template *tmpl, void *updates, size_t capacity, _Out_ size_t *count, _Out_ pinquery_error *error)');
const tokenOf = library.func('uint8_t pinquery_token(const uint8_t *query, size_t length, _Out_ pinquery_text *token, _Out_ pinquery_error *error)');
const decode = library.func('size_t pinquery_decode(const pinquery_text *text, void *buffer, size_t capacity)');
const toJson = library.func('size_t pinquery_updates_json(const void *updates, size_t count, void *buffer, size_t capacity)');

const MAX_UPDATES = 256;
const updates = Buffer.alloc(MAX_UPDATES * koffi.sizeof('pinquery_update'));

export function load(devices) {
  const json = JSON.stringify(devices), reason = Buffer.alloc(256);
  const loaded = fromJson(json, Buffer.byteLength(json), reason, reason.length);
  if (!loaded) throw new Error(reason.toString('utf8', 0, reason.indexOf(0)));
  return loaded;
}

// In two steps, so that the lookup can be any function.
export function parse(devices, text) {
  const query = Buffer.from(text), token = {}, error = {}, count = [0];
  let kind = tokenOf(query, query.length, token, error);
  if (kind === 0) {
    const decoded = Buffer.alloc(Number(token.length) + 1);
    const length = decode(token, decoded, decoded.length);
    kind = updatesOf(query, query.length, lookup(devices, decoded, length), updates, MAX_UPDATES, count, error);
  }
  if (kind !== 0) return { status: error.status, body: koffi.decode(error.body, 'char', Number(error.body_length)) };
  const json = Buffer.alloc(Number(toJson(updates, count[0], null, 0)) + 1);
  toJson(updates, count[0], json, json.length);
  return JSON.parse(json.toString('utf8', 0, json.length - 1));
}

const devices = load({ t: { v1: { type: 'integer', min: 0, max: 100 }, v3: { type: 'string' } } });
console.log(JSON.stringify(parse(devices, 'token=t&v1=133&v3=water+low')));
const { status, body } = parse(devices, 'token=t&v1=hot');
console.log(status, body);
free(devices);
