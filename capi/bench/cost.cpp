// Cost of a request in C or C++: the C API, hand-written code, and ada::url_search_params with std::from_chars.
// cost CONTENDER TEMPLATE QUERIES ROUNDS
//
// The two rivals decode, convert and clamp, and reject invalid pins and values. Between them, they accept input that
// pinquery rejects ("0x1p3", " 1", "+", invalid UTF-8), and they report no span.
#include <array>
#include <bitset>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "pinquery.h"
#ifdef WITH_ADA
#include "ada.h"
#endif

namespace {

const pinquery_template *device;

const pinquery_template *look_up(void *, const char *, size_t) { return device; }

// The rivals' output, uninitialised like `pinquery_update`.
struct Value {
    uint8_t pin;
    union {
        long integer;
        double number;
        pinquery_text text;
    };
};

size_t by_c_api(const std::string &query) {
    pinquery_update updates[PINQUERY_MAX_UPDATES];
    pinquery_error error;
    size_t count;
    if (pinquery_parse(query.data(), query.size(), look_up, nullptr, updates, PINQUERY_MAX_UPDATES, &count, &error) !=
        PINQUERY_ACCEPTED) {
        std::abort();
    }
    asm volatile("" : : "r"(updates) : "memory");
    return count;
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Decodes up to a delimiter and appends a NUL. Returns the position of the delimiter.
const char *decode(const char *from, const char *end, const char *delimiters, char *&to) {
    while (from != end && *from != delimiters[0] && *from != delimiters[1]) {
        if (*from == '%') {
            if (end - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0) return nullptr;
            *to++ = static_cast<char>(hex(from[1]) << 4 | hex(from[2]));
            from += 3;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
            from++;
        }
    }
    *to++ = 0;
    return from;
}

bool clamp_number(double &number) {
    if (number != number) return false;
    number = number < -1000 ? -1000 : number > 1000 ? 1000 : number;
    return true;
}

bool clamp_integer(long &integer) {
    integer = integer < -20000 ? -20000 : integer > 20000 ? 20000 : integer;
    return true;
}

bool parse_value(Value &parsed, const char *value, const char *end) {
    char *stopped;
    if (parsed.pin < 100) {
        parsed.integer = std::strtol(value, &stopped, 10);
        return stopped != value && stopped == end && clamp_integer(parsed.integer);
    }
    if (parsed.pin < 200) {
        parsed.number = std::strtod(value, &stopped);
        return stopped != value && stopped == end && clamp_number(parsed.number);
    }
    parsed.text = {value, static_cast<size_t>(end - value), 0};
    return parsed.text.length <= 64;
}

size_t by_hand(const std::string &query) {
    char buffer[4096];
    Value values[256];
    bool seen[256] = {false};
    size_t count = 0;
    const char *at = query.data(), *end = at + query.size();
    char *to = buffer;
    if (query.size() * 2 > sizeof buffer) std::abort();
    while (at < end) {
        char *name = to;
        at = decode(at, end, "=&", to);
        if (at == nullptr) std::abort();
        char *value = to;
        at = decode(at != end && *at == '=' ? at + 1 : at, end, "&&", to);
        if (at == nullptr) std::abort();
        char *value_end = to - 1, *stopped;
        at++;
        if (std::strcmp(name, "token") == 0) {
            device = value_end == value ? nullptr : device;
            continue;
        }
        if (name[0] != 'v' && name[0] != 'V') std::abort();
        unsigned long pin = std::strtoul(name + 1, &stopped, 10);
        if (stopped == name + 1 || *stopped != 0 || pin > 255 || seen[pin]) std::abort();
        seen[pin] = true;
        Value &parsed = values[count++];
        parsed.pin = static_cast<uint8_t>(pin);
        if (!parse_value(parsed, value, value_end)) std::abort();
    }
    asm volatile("" : : "r"(values) : "memory");
    return count;
}

#ifdef WITH_ADA
size_t by_ada(const std::string &query) {
    ada::url_search_params parameters(query);
    Value values[256];
    std::bitset<256> seen;
    size_t count = 0;
    if (!parameters.has("token")) std::abort();
    for (const auto &[name, value] : parameters) {
        if (name == "token") continue;
        unsigned pin;
        const char *end = name.data() + name.size();
        if (name.empty() || (name[0] != 'v' && name[0] != 'V')) std::abort();
        auto read = std::from_chars(name.data() + 1, end, pin);
        if (read.ec != std::errc() || read.ptr != end || pin > 255 || seen[pin]) std::abort();
        seen.set(pin);
        Value &parsed = values[count++];
        parsed.pin = static_cast<uint8_t>(pin);
        end = value.data() + value.size();
        if (pin < 100) {
            read = std::from_chars(value.data(), end, parsed.integer);
            if (read.ec != std::errc() || read.ptr != end || !clamp_integer(parsed.integer)) std::abort();
        } else if (pin < 200) {
            read = std::from_chars(value.data(), end, parsed.number);
            if (read.ec != std::errc() || read.ptr != end || !clamp_number(parsed.number)) std::abort();
        } else {
            parsed.text = {value.data(), value.size(), 0};
            if (parsed.text.length > 64) std::abort();
        }
    }
    asm volatile("" : : "r"(values) : "memory");
    return count;
}
#endif

std::string read(const char *path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

using Contender = size_t (*)(const std::string &);

extern "C" __attribute__((noinline)) size_t counted_sweep(Contender parse, const std::vector<std::string> &queries) {
    size_t count = 0;
    for (const auto &query : queries) count += parse(query);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    std::string_view name = argv[1];
    Contender parse = name == "c_api" ? by_c_api : name == "hand" ? by_hand : nullptr;
#ifdef WITH_ADA
    if (name == "ada") parse = by_ada;
#endif
    if (parse == nullptr) return 2;
    std::string json = read(argv[2]);
    pinquery_template *tmpl = pinquery_template_from_json(json.data(), json.size(), nullptr, 0);
    if (tmpl == nullptr) return 2;
    device = tmpl;
    std::vector<std::string> queries;
    std::ifstream lines(argv[3]);
    for (std::string line; std::getline(lines, line);) queries.push_back(line);
    size_t count = counted_sweep(parse, queries);
    int rounds = std::atoi(argv[4]);
    auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds; round++) {
        if (counted_sweep(parse, queries) != count) std::abort();
    }
    std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::printf("%zu %.1f\n", count, took.count() / rounds / static_cast<double>(queries.size()));
    pinquery_template_free(tmpl);
}
