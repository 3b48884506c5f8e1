/* Statuses (the IANA registry, and nginx's 499) and dates. */

#include "http/internal.h"

#include "base/encoding.h"

static const char *const status_texts[600] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [499] = "Client Closed Request",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [507] = "Insufficient Storage",
    [511] = "Network Authentication Required",
};

const char *http_status_text(int status)
{
    if (status < 0 || status >= (int)BS_ARRAY_COUNT(status_texts) || !status_texts[status])
        return "";
    return status_texts[status];
}

enum bs_code http_status_to_code(int status)
{
    switch (status) {
    case 401:
        return BS_UNAUTHENTICATED;
    case 403:
        return BS_PERMISSION_DENIED;
    case 404:
    case 410:
        return BS_NOT_FOUND;
    case 405:
    case 501:
    case 505:
        return BS_UNIMPLEMENTED;
    case 408:
    case 504:
        return BS_DEADLINE_EXCEEDED;
    case 409:
        return BS_ABORTED;
    case 412:
    case 428:
        return BS_FAILED_PRECONDITION;
    case 413:
    case 414:
    case 429:
    case 431:
        return BS_RESOURCE_EXHAUSTED;
    case 416:
        return BS_OUT_OF_RANGE;
    case 499:
        return BS_CANCELLED;
    case 500:
        return BS_INTERNAL;
    case 502:
    case 503:
        return BS_UNAVAILABLE;
    default:
        break;
    }
    if (status < 400)
        return BS_OK;
    return status < 500 ? BS_INVALID_ARGUMENT : BS_UNKNOWN;
}

static void put_digits(char *to, unsigned value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void http_date_format(int64_t seconds, char ret_text[HTTP_DATE_SIZE])
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t day_number = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
    unsigned time = (unsigned)(seconds - day_number * 86400);
    int64_t year;
    unsigned month;
    unsigned day;
    bs_civil_from_days(day_number, &year, &month, &day);
    BS_ASSERT(year >= 0 && year <= 9999);
    memcpy(ret_text, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_SIZE);
    memcpy(ret_text, days + ((day_number % 7 + 7) % 7) * 3, 3);
    put_digits(ret_text + 5, day, 2);
    memcpy(ret_text + 8, months + (month - 1) * 3, 3);
    put_digits(ret_text + 12, (unsigned)year, 4);
    put_digits(ret_text + 17, time / 3600, 2);
    put_digits(ret_text + 20, time / 60 % 60, 2);
    put_digits(ret_text + 23, time % 60, 2);
}
