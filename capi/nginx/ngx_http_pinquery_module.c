/* Parses batch updates before they are forwarded; see README.md for the directives.
 *
 * The token is a secret. No message in this file contains a byte of a query, and `describe_request` keeps queries out of
 * nginx's own messages.
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

/* Whether the module is on anywhere in the server. */
typedef ngx_flag_t ngx_http_pinquery_srv_conf_t;

/* The outcome for a request. */
typedef struct {
    pinquery_kind kind;
    pinquery_error error;
    ngx_str_t updates;
} ngx_http_pinquery_ctx_t;

enum { REJECT, LOG };
enum { UPDATES, KIND, REASON, PIN, PATH };

extern ngx_module_t ngx_http_pinquery_module;

/* Configuration. */

static void *create_srv_conf(ngx_conf_t *cf) { return ngx_pcalloc(cf->pool, sizeof(ngx_http_pinquery_srv_conf_t)); }

static char *merge_srv_conf(ngx_conf_t *cf, void *parent, void *child) {
    ngx_http_pinquery_srv_conf_t *outer = parent, *is_used = child;
    *is_used |= *outer;
    return NGX_CONF_OK;
}

static char *read_is_on(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_http_pinquery_conf_t *conf = data;
    ngx_http_pinquery_srv_conf_t *is_used = ngx_http_conf_get_module_srv_conf(cf, ngx_http_pinquery_module);
    char *error = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (error == NGX_CONF_OK && conf->is_on) *is_used = 1;
    return error;
}

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

static int is_alphanumeric(u_char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Accepts only names that nginx accepts from clients, so that a client's header of this name is recognised. */
static char *read_header(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_http_pinquery_conf_t *conf = data;
    ngx_str_t name = ((ngx_str_t *)cf->args->elts)[1];
    if (conf->header.data != NULL) return "is duplicate";
    if (name.len == 0) return "has an empty name";
    if (ngx_strcmp(name.data, "off") == 0) name.len = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_alphanumeric(name.data[i]) && name.data[i] != '-') {
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

/* Header. */

/* Returns whether the header has the configured name. Any special character matches `-`, because servers with CGI-style
 * headers do not distinguish them. */
static int is_name(ngx_table_elt_t *header, ngx_http_pinquery_conf_t *conf) {
    if (header->key.len != conf->header.len) return 0;
    for (size_t i = 0; i < conf->header.len; i++) {
        u_char c = header->key.data[i];
        if ((is_alphanumeric(c) ? ngx_tolower(c) : '-') != conf->lowcase[i]) return 0;
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
#if nginx_version >= 1023000
    /* The links between headers of one name are those of the old list. */
    r->headers_in.multi_linked = 0;
#endif
    return NGX_OK;
}

static ngx_int_t add_header(ngx_http_request_t *r, ngx_http_pinquery_conf_t *conf, ngx_str_t *value) {
    ngx_table_elt_t *header = ngx_list_push(&r->headers_in.headers);
    if (header == NULL) return NGX_ERROR;
    *header = (ngx_table_elt_t){.hash = ngx_hash_key(conf->lowcase, conf->header.len), .key = conf->header,
                                .lowcase_key = conf->lowcase, .value = *value};
    return NGX_OK;
}

/* Request. */

static int has_separator(ngx_str_t *text) {
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] <= ' ' || text->data[i] == '#' || text->data[i] == 0x7F) return 1;
    }
    return 0;
}

/* Returns why nginx and a server may disagree about where the query ends, or NULL if they agree. Such a request is rejected
 * even if the module only logs: its query may have been truncated before it reached this module. */
static const char *ambiguity(ngx_http_request_t *r) {
    /* nginx takes a line feed within the request line for the end of an HTTP/0.9 request. */
    if (r->http_version < NGX_HTTP_VERSION_10) return "HTTP/0.9 request";
    /* nginx ends $args at a `#`, but may forward the whole line. A server may or may not strip the rest. The others are in
     * $args only if directives decoded them, and would end the request line, or add headers. */
    return has_separator(&r->unparsed_uri) || has_separator(&r->args) ? "unescaped \"#\", space or control character" : NULL;
}

static ngx_int_t write_json(ngx_http_request_t *r, pinquery_update *updates, size_t count, ngx_str_t *json) {
    size_t length = pinquery_updates_json(updates, count, NULL, 0);
    if (length == PINQUERY_MALFORMED) return NGX_ERROR;
    json->data = ngx_pnalloc(r->pool, length + 1);
    if (json->data == NULL) return NGX_ERROR;
    json->len = pinquery_updates_json(updates, count, (char *)json->data, length + 1);
    return NGX_OK;
}

static void log_rejection(ngx_http_request_t *r, ngx_uint_t level, pinquery_error *error) {
    const char *reason = pinquery_reason_name(error->reason);
    ngx_log_error(level, r->connection->log, 0, "pinquery: %s%s%s, pin %d, bytes %uz..%uz",
                  pinquery_kind_name(error->kind), *reason ? ", " : "", reason, (int)error->pin, error->start,
                  error->end);
}

/* Returns whether nginx itself sends this request without a query: for an error page, or as the subrequest of
 * `auth_request`, whose response is never sent to the client. */
static int is_without_query(ngx_http_request_t *r) {
    int is_auth_request = r != r->main && r->header_only && !r->background;
    return r->args.len == 0 && !r->valid_unparsed_uri && (is_auth_request || r->error_page || r->err_status != 0);
}

static ngx_int_t reject(ngx_http_request_t *r, pinquery_error *error) {
    ngx_str_t type = ngx_string("application/json");
    ngx_http_complex_value_t body = {.value = {error->body_length, (u_char *)error->body}};
    if (error->body_length == 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_http_finalize_request(r, ngx_http_send_response(r, error->status, &type, &body));
    return NGX_DONE;
}

static ngx_int_t parse(ngx_http_request_t *r) {
    ngx_http_pinquery_conf_t *conf = ngx_http_get_module_loc_conf(r, ngx_http_pinquery_module);
    pinquery_update updates[PINQUERY_MAX_UPDATES];
    size_t count;
    if (!conf->is_on || is_without_query(r)) return NGX_DECLINED;
    const char *ambiguous = ambiguity(r);
    if (ambiguous != NULL) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "pinquery: %s", ambiguous);
        return NGX_HTTP_BAD_REQUEST;
    }
    ngx_http_pinquery_ctx_t *ctx = ngx_pcalloc(r->pool, sizeof *ctx);
    if (ctx == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;

    ctx->kind = pinquery_parse((char *)r->args.data, r->args.len, pinquery_devices_lookup, conf->devices, updates,
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

/* Log. */

/* Returns the path up to the first special character: a token may follow `?`, `#`, an escape and so on. */
static ngx_str_t path_of(ngx_str_t uri) {
    size_t len = 0;
    while (len < uri.len && (is_alphanumeric(uri.data[len]) || ngx_strchr("/-._~", uri.data[len]) != NULL)) len++;
    uri.len = len;
    return uri;
}

/* Replaces nginx's description of a request, which contains the request line, the referrer and the URI that is sent to
 * the server. */
static u_char *describe_request(ngx_http_request_t *r, ngx_http_request_t *current, u_char *buffer, size_t length) {
    u_char *end = buffer + length;
    ngx_http_core_srv_conf_t *server = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    ngx_str_t path = path_of(r->unparsed_uri), subpath = path_of(current->uri);
    buffer = ngx_slprintf(buffer, end, ", server: %V, request: \"%V %V\"", &server->server_name, &r->method_name, &path);
    if (r != current) buffer = ngx_slprintf(buffer, end, ", subrequest: \"%V\"", &subpath);
    if (current->upstream != NULL && current->upstream->peer.name != NULL) {
        buffer = ngx_slprintf(buffer, end, ", upstream: \"%V\"", current->upstream->peer.name);
    }
    if (r->headers_in.host != NULL) buffer = ngx_slprintf(buffer, end, ", host: \"%V\"", &r->headers_in.host->value);
    return buffer;
}

/* Phases. */

/* Runs before any directive reads the headers or fails, even if the module is off: a client must never be able to set the
 * header. */
static ngx_int_t prepare(ngx_http_request_t *r) {
    ngx_http_pinquery_srv_conf_t *is_used = ngx_http_get_module_srv_conf(r, ngx_http_pinquery_module);
    ngx_http_pinquery_conf_t *conf = ngx_http_get_module_loc_conf(r, ngx_http_pinquery_module);
    if (*is_used) r->log_handler = describe_request;
    if (conf->header.len != 0 && remove_header(r, conf) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return NGX_DECLINED;
}

static ngx_int_t add_handlers(ngx_conf_t *cf) {
    static const struct {
        ngx_http_phases phase;
        ngx_http_handler_pt handler;
    } added[] = {
        /* The first phase of every request, with the server's directives: an error page for invalid headers skips those
         * before it. */
        {NGX_HTTP_SERVER_REWRITE_PHASE, prepare},
        /* The first phase with the location's directives. */
        {NGX_HTTP_REWRITE_PHASE, prepare},
        /* After limits and access rules, so that they apply to invalid batches; before `mirror` and `try_files`, as nginx
         * calls the handlers of a phase in reverse order. */
        {NGX_HTTP_PRECONTENT_PHASE, parse},
    };
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        ngx_http_handler_pt *handler = ngx_array_push(&core->phases[added[i].phase].handlers);
        if (handler == NULL) return NGX_ERROR;
        *handler = added[i].handler;
    }
    return NGX_OK;
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
    if (which == PATH) text = path_of(r->unparsed_uri);
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
                                ngx_string("pinquery_reason"), ngx_string("pinquery_pin"),
                                ngx_string("pinquery_path")};
    for (uintptr_t which = UPDATES; which <= PATH; which++) {
        ngx_http_variable_t *added = ngx_http_add_variable(cf, &names[which], NGX_HTTP_VAR_NOCACHEABLE);
        if (added == NULL) return NGX_ERROR;
        added->get_handler = variable;
        added->data = which;
    }
    return NGX_OK;
}

/* Module. */

static ngx_conf_enum_t bad_batches[] = {
    {ngx_string("reject"), REJECT},
    {ngx_string("log"), LOG},
    {ngx_null_string, 0},
};

#define ANYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)

static ngx_command_t commands[] = {
    {ngx_string("pinquery"), ANYWHERE | NGX_CONF_FLAG, read_is_on, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_pinquery_conf_t, is_on), NULL},
    {ngx_string("pinquery_devices"), ANYWHERE | NGX_CONF_TAKE1, read_devices, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("pinquery_bad_batch"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_enum_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_pinquery_conf_t, bad_batch), bad_batches},
    {ngx_string("pinquery_header"), ANYWHERE | NGX_CONF_TAKE1, read_header, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

static ngx_http_module_t context = {
    add_variables, add_handlers, NULL, NULL, create_srv_conf, merge_srv_conf, create_conf, merge_conf,
};

ngx_module_t ngx_http_pinquery_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NGX_MODULE_V1_PADDING,
};
