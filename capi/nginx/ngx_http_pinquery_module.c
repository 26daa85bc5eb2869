/* Parses batch updates before they are forwarded; see README.md for the directives.
 *
 * The token is a secret. No message of this file contains a byte of a query, and none is logged through a handler that
 * adds the request line, as nginx's own do.
 */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <pinquery.h>

typedef struct {
    pinquery_devices *devices;
    ngx_flag_t is_on;
    ngx_uint_t bad_batch;
    ngx_str_t header;
    u_char *lowcase;
} ngx_http_pinquery_conf_t;

/* The outcome for a request. */
typedef struct {
    pinquery_kind kind;
    pinquery_error error;
    ngx_str_t updates;
} ngx_http_pinquery_ctx_t;

enum { REJECT, LOG };

enum { UPDATES, KIND, REASON, PIN };

static ngx_int_t add_variables(ngx_conf_t *cf);
static ngx_int_t add_handler(ngx_conf_t *cf);
static void *create_conf(ngx_conf_t *cf);
static char *merge_conf(ngx_conf_t *cf, void *parent, void *child);
static char *read_devices(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *read_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t handle(ngx_http_request_t *r);

static ngx_conf_enum_t bad_batches[] = {
    {ngx_string("refuse"), REJECT},
    {ngx_string("log"), LOG},
    {ngx_null_string, 0},
};

#define ANYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)

static ngx_command_t commands[] = {
    {ngx_string("pinquery"), ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_pinquery_conf_t, is_on), NULL},
    {ngx_string("pinquery_devices"), ANYWHERE | NGX_CONF_TAKE1, read_devices, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("pinquery_bad_batch"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_enum_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_pinquery_conf_t, bad_batch), bad_batches},
    {ngx_string("pinquery_header"), ANYWHERE | NGX_CONF_TAKE1, read_header, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

static ngx_http_module_t context = {
    add_variables, add_handler, NULL, NULL, NULL, NULL, create_conf, merge_conf,
};

ngx_module_t ngx_http_pinquery_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NGX_MODULE_V1_PADDING,
};

/* Configuration. */

static void *create_conf(ngx_conf_t *cf) {
    ngx_http_pinquery_conf_t *conf = ngx_pcalloc(cf->pool, sizeof *conf);
    if (conf == NULL) return NULL;
    conf->devices = NGX_CONF_UNSET_PTR;
    conf->is_on = NGX_CONF_UNSET;
    conf->bad_batch = NGX_CONF_UNSET_UINT;
    return conf;
}

static char *merge_conf(ngx_conf_t *cf, void *parent, void *child) {
    ngx_http_pinquery_conf_t *outer = parent, *conf = child;
    ngx_conf_merge_ptr_value(conf->devices, outer->devices, NULL);
    ngx_conf_merge_value(conf->is_on, outer->is_on, 0);
    ngx_conf_merge_uint_value(conf->bad_batch, outer->bad_batch, REJECT);
    if (conf->header.data == NULL) {
        conf->header = outer->header;
        conf->lowcase = outer->lowcase;
    }
    if (conf->is_on && conf->devices == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"pinquery on\" requires \"pinquery_devices\"");
        return NGX_CONF_ERROR;
    }
    return NGX_CONF_OK;
}

/* Accepts only names that nginx accepts from clients, so that a client's header of this name is recognised. */
static char *read_header(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_http_pinquery_conf_t *conf = data;
    ngx_str_t name = ((ngx_str_t *)cf->args->elts)[1];
    if (conf->header.data != NULL) return "is duplicate";
    if (name.len == 0) return "has an empty name";
    for (size_t i = 0; i < name.len; i++) {
        u_char c = name.data[i] | 0x20;
        if ((c < 'a' || c > 'z') && (name.data[i] < '0' || name.data[i] > '9') && name.data[i] != '-') {
            return "requires a name of letters, digits and \"-\"";
        }
    }
    conf->lowcase = ngx_pnalloc(cf->pool, name.len);
    if (conf->lowcase == NULL) return NGX_CONF_ERROR;
    ngx_strlow(conf->lowcase, name.data, name.len);
    conf->header = name;
    return NGX_CONF_OK;
}

static void free_devices(void *devices) { pinquery_devices_free(devices); }

static ngx_int_t read_file(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text) {
    ngx_file_t file = {.name = *path, .log = cf->log};
    ngx_file_info_t info;
    ssize_t got = NGX_ERROR;
    file.fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "pinquery_devices: cannot open \"%V\"", path);
        return NGX_ERROR;
    }
    if (ngx_fd_info(file.fd, &info) != NGX_FILE_ERROR) {
        text->len = (size_t)ngx_file_size(&info);
        text->data = ngx_alloc(text->len + 1, cf->log);
        if (text->data != NULL) got = ngx_read_file(&file, text->data, text->len, 0);
    }
    ngx_close_file(file.fd);
    if (got >= 0 && (size_t)got == text->len) return NGX_OK;
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pinquery_devices: cannot read \"%V\"", path);
    if (text->data != NULL) ngx_free(text->data);
    return NGX_ERROR;
}

static char *read_devices(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_http_pinquery_conf_t *conf = data;
    ngx_str_t path = ((ngx_str_t *)cf->args->elts)[1], text = ngx_null_string;
    char reason[256];
    if (conf->devices != NGX_CONF_UNSET_PTR) return "is duplicate";
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) return NGX_CONF_ERROR;
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL || read_file(cf, &path, &text) != NGX_OK) return NGX_CONF_ERROR;

    conf->devices = pinquery_devices_from_json((char *)text.data, text.len, reason, sizeof reason);
    /* The file contains tokens. */
    ngx_explicit_memzero(text.data, text.len);
    ngx_free(text.data);
    if (conf->devices == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pinquery_devices \"%V\": %s", &path, reason);
        return NGX_CONF_ERROR;
    }
    cleanup->handler = free_devices;
    cleanup->data = conf->devices;
    return NGX_CONF_OK;
}

static ngx_int_t add_handler(ngx_conf_t *cf) {
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    /* After rewrites, which may change the query, and before the request is forwarded. */
    ngx_http_handler_pt *handler = ngx_array_push(&core->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (handler == NULL) return NGX_ERROR;
    *handler = handle;
    return NGX_OK;
}

/* Header. */

/* `_` equals `-`, because backends with CGI-style headers do not distinguish them. */
static int is_name(ngx_table_elt_t *header, ngx_http_pinquery_conf_t *conf) {
    if (header->key.len != conf->header.len) return 0;
    for (size_t i = 0; i < conf->header.len; i++) {
        u_char c = ngx_tolower(header->key.data[i]);
        if ((c == '_' ? '-' : c) != conf->lowcase[i]) return 0;
    }
    return 1;
}

/* Removes every header of that name. Builds a new list, because nginx lists do not support removal and a subrequest
 * shares its parent's. */
static ngx_int_t remove_header(ngx_http_request_t *r, ngx_http_pinquery_conf_t *conf) {
    ngx_list_t old = r->headers_in.headers;
    ngx_uint_t count = 1;
    for (ngx_list_part_t *part = &old.part; part != NULL; part = part->next) count += part->nelts;
    if (ngx_list_init(&r->headers_in.headers, r->pool, count, sizeof(ngx_table_elt_t)) != NGX_OK) return NGX_ERROR;
    for (ngx_list_part_t *part = &old.part; part != NULL; part = part->next) {
        ngx_table_elt_t *headers = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (is_name(&headers[i], conf)) continue;
            ngx_table_elt_t *kept = ngx_list_push(&r->headers_in.headers);
            if (kept == NULL) return NGX_ERROR;
            *kept = headers[i];
        }
    }
    return NGX_OK;
}

static ngx_int_t add_header(ngx_http_request_t *r, ngx_http_pinquery_conf_t *conf, ngx_str_t *value) {
    ngx_table_elt_t *header = ngx_list_push(&r->headers_in.headers);
    if (header == NULL) return NGX_ERROR;
    ngx_memzero(header, sizeof *header);
    header->hash = ngx_hash_key(conf->lowcase, conf->header.len);
    header->key = conf->header;
    header->lowcase_key = conf->lowcase;
    header->value = *value;
    return NGX_OK;
}

/* Request. */

/* Returns the query as it is forwarded. nginx strips a `#` and the rest from $args but not from the request line, which
 * `proxy_pass` without a URI sends. */
static ngx_str_t query_of(ngx_http_request_t *r) {
    ngx_str_t line = r->unparsed_uri;
    if (!r->valid_unparsed_uri || r != r->main || ngx_strlchr(line.data, line.data + line.len, '#') == NULL) {
        return r->args;
    }
    ngx_str_t query = ngx_null_string;
    u_char *question_mark = ngx_strlchr(line.data, line.data + line.len, '?');
    if (question_mark != NULL) {
        query.data = question_mark + 1;
        query.len = (size_t)(line.data + line.len - query.data);
    }
    return query;
}

static ngx_int_t write_json(ngx_http_request_t *r, pinquery_update *updates, size_t count, ngx_str_t *json) {
    size_t length = pinquery_updates_json(updates, count, NULL, 0);
    if (length == PINQUERY_MALFORMED) return NGX_ERROR;
    json->data = ngx_pnalloc(r->pool, length + 1);
    if (json->data == NULL) return NGX_ERROR;
    json->len = pinquery_updates_json(updates, count, (char *)json->data, length + 1);
    return NGX_OK;
}

/* Logs without nginx's handler, which would add the request line and thus the token. */
static void log_rejection(ngx_http_request_t *r, ngx_uint_t level, pinquery_error *error) {
    ngx_log_t log = *r->connection->log;
    log.handler = NULL;
    const char *reason = pinquery_reason_name(error->reason);
    ngx_log_error(level, &log, 0, "pinquery: %s%s%s, pin %d, bytes %uz..%uz, client: %V",
                  pinquery_kind_name(error->kind), *reason ? ", " : "", reason, (int)error->pin, error->start,
                  error->end, &r->connection->addr_text);
}

static ngx_int_t reject(ngx_http_request_t *r, pinquery_error *error) {
    ngx_str_t type = ngx_string("application/json");
    ngx_http_complex_value_t body;
    if (error->body_length == 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_memzero(&body, sizeof body);
    body.value.data = (u_char *)error->body;
    body.value.len = error->body_length;
    ngx_http_finalize_request(r, ngx_http_send_response(r, error->status, &type, &body));
    return NGX_DONE;
}

static ngx_int_t handle(ngx_http_request_t *r) {
    ngx_http_pinquery_conf_t *conf = ngx_http_get_module_loc_conf(r, ngx_http_pinquery_module);
    pinquery_update updates[PINQUERY_MAX_UPDATES];
    size_t count;
    /* Even if the module is off: a client must never be able to set this header. */
    if (conf->header.len != 0 && remove_header(r, conf) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (!conf->is_on) return NGX_DECLINED;
    ngx_http_pinquery_ctx_t *ctx = ngx_pcalloc(r->pool, sizeof *ctx);
    if (ctx == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_str_t query = query_of(r);
    ctx->kind = pinquery_parse((char *)query.data, query.len, pinquery_devices_lookup, conf->devices, updates,
                               PINQUERY_MAX_UPDATES, &count, &ctx->error);
    ngx_http_set_ctx(r, ctx, ngx_http_pinquery_module);
    if (ctx->kind != PINQUERY_ACCEPTED) {
        log_rejection(r, conf->bad_batch == LOG ? NGX_LOG_ERR : NGX_LOG_INFO, &ctx->error);
        return conf->bad_batch == LOG ? NGX_DECLINED : reject(r, &ctx->error);
    }
    if (write_json(r, updates, count, &ctx->updates) != NGX_OK ||
        (conf->header.len != 0 && add_header(r, conf, &ctx->updates) != NGX_OK)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_DECLINED;
}

/* Variables. */

static ngx_int_t print_pin(ngx_http_request_t *r, int16_t pin, ngx_str_t *text) {
    text->data = ngx_pnalloc(r->pool, sizeof "v255" - 1);
    if (text->data == NULL) return NGX_ERROR;
    text->len = (size_t)(ngx_sprintf(text->data, "v%d", (int)pin) - text->data);
    return NGX_OK;
}

static ngx_int_t variable(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t which) {
    ngx_http_pinquery_ctx_t *ctx = ngx_http_get_module_ctx(r, ngx_http_pinquery_module);
    ngx_str_t text = ngx_null_string;
    if (ctx != NULL) {
        int is_bad = ctx->kind != PINQUERY_ACCEPTED;
        const char *name = NULL;
        if (which == UPDATES) text = ctx->updates;
        if (which == KIND) name = pinquery_kind_name(ctx->kind);
        if (which == REASON && is_bad) name = pinquery_reason_name(ctx->error.reason);
        if (which == PIN && is_bad && ctx->error.pin >= 0 && print_pin(r, ctx->error.pin, &text) != NGX_OK) {
            return NGX_ERROR;
        }
        if (name != NULL) {
            text.data = (u_char *)name;
            text.len = ngx_strlen(name);
        }
    }
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = text.len == 0;
    value->len = (unsigned)text.len;
    value->data = text.data;
    return NGX_OK;
}

static ngx_int_t add_variables(ngx_conf_t *cf) {
    static ngx_str_t names[] = {ngx_string("pinquery_updates"), ngx_string("pinquery_kind"),
                                ngx_string("pinquery_reason"), ngx_string("pinquery_pin")};
    for (uintptr_t which = UPDATES; which <= PIN; which++) {
        ngx_http_variable_t *added = ngx_http_add_variable(cf, &names[which], NGX_HTTP_VAR_NOCACHEABLE);
        if (added == NULL) return NGX_ERROR;
        added->get_handler = variable;
        added->data = which;
    }
    return NGX_OK;
}
