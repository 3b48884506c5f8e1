/* The well-known types as JSON, by the names of the protobuf conformance suite where it has one. */

#include "support.h"

#include "rpc/json_rows.h"

static void test_json__takes_timestamps_and_durations(void **state)
{
    static const struct json_row rows[] = {
        {"TimestampMinValue", "{\"optionalTimestamp\":\"0001-01-01T00:00:00Z\"}",
         "{\"optionalTimestamp\":\"0001-01-01T00:00:00Z\"}"},
        {"TimestampMaxValue", "{\"optionalTimestamp\":\"9999-12-31T23:59:59.999999999Z\"}",
         "{\"optionalTimestamp\":\"9999-12-31T23:59:59.999999999Z\"}"},
        {"TimestampWithPositiveOffset", "{\"optionalTimestamp\":\"1970-01-01T08:00:01+08:00\"}",
         "{\"optionalTimestamp\":\"1970-01-01T00:00:01Z\"}"},
        {"TimestampHas3FractionalDigits", "{\"optionalTimestamp\":\"1970-01-01T00:00:00.01Z\"}",
         "{\"optionalTimestamp\":\"1970-01-01T00:00:00.010Z\"}"},
        {"the epoch", "{\"optionalTimestamp\":\"1970-01-01T00:00:00Z\"}",
         "{\"optionalTimestamp\":\"1970-01-01T00:00:00Z\"}"},
        {"TimestampJsonInputTooSmall", "{\"optionalTimestamp\":\"0000-01-01T00:00:00Z\"}", NULL},
        {"out of range by offset", "{\"optionalTimestamp\":\"0001-01-01T00:00:00+01:00\"}", NULL},
        {"TimestampJsonInputTooLarge", "{\"optionalTimestamp\":\"10000-01-01T00:00:00Z\"}", NULL},
        {"TimestampJsonInputMissingZ", "{\"optionalTimestamp\":\"0001-01-01T00:00:00\"}", NULL},
        {"TimestampJsonInputMissingT", "{\"optionalTimestamp\":\"0001-01-01 00:00:00Z\"}", NULL},
        {"TimestampJsonInputLowercaseZ", "{\"optionalTimestamp\":\"0001-01-01T00:00:00z\"}", NULL},
        {"TimestampJsonInputNonLeapFeb29", "{\"optionalTimestamp\":\"2023-02-29T00:00:00Z\"}",
         NULL},
        {"hour 24", "{\"optionalTimestamp\":\"2023-02-28T24:00:00Z\"}", NULL},
        {"10 digits", "{\"optionalTimestamp\":\"2023-02-28T23:00:00.1234567890Z\"}", NULL},
        {"no digits", "{\"optionalTimestamp\":\"2023-02-28T23:00:00.Z\"}", NULL},
        {"object", "{\"optionalTimestamp\":{\"seconds\":1}}", NULL},
        {"RepeatedTimestamp", "{\"repeatedTimestamp\":[\"1970-01-01T00:00:00Z\"]}",
         "{\"repeatedTimestamp\":[\"1970-01-01T00:00:00Z\"]}"},
        {"DurationMaxValue", "{\"optionalDuration\":\"315576000000.999999999s\"}",
         "{\"optionalDuration\":\"315576000000.999999999s\"}"},
        {"DurationMinValue", "{\"optionalDuration\":\"-315576000000.999999999s\"}",
         "{\"optionalDuration\":\"-315576000000.999999999s\"}"},
        {"DurationNegativeNanos", "{\"optionalDuration\":\"-0.5s\"}",
         "{\"optionalDuration\":\"-0.500s\"}"},
        {"-0s", "{\"optionalDuration\":\"-0s\"}", "{\"optionalDuration\":\"0s\"}"},
        {"DurationHas6FractionalDigits", "{\"optionalDuration\":\"1.000010s\"}",
         "{\"optionalDuration\":\"1.000010s\"}"},
        {"DurationMissingS", "{\"optionalDuration\":\"1\"}", NULL},
        {"DurationJsonInputTooLarge", "{\"optionalDuration\":\"315576000001s\"}", NULL},
        {"1.s", "{\"optionalDuration\":\"1.s\"}", NULL},
        {".5s", "{\"optionalDuration\":\".5s\"}", NULL},
        {"+1s", "{\"optionalDuration\":\"+1s\"}", NULL},
        {"1m", "{\"optionalDuration\":\"1m\"}", NULL},
        {"huge", "{\"optionalDuration\":\"99999999999999999999999s\"}", NULL},
        {"number", "{\"optionalDuration\":1}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_the_other_well_known_types(void **state)
{
    static const struct json_row rows[] = {
        {"FieldMask", "{\"optionalFieldMask\":\"foo,barBaz,a.bC\"}",
         "{\"optionalFieldMask\":\"foo,barBaz,a.bC\"}"},
        {"EmptyFieldMask", "{\"optionalFieldMask\":\"\"}", "{\"optionalFieldMask\":\"\"}"},
        {"FieldMaskInvalidCharacter", "{\"optionalFieldMask\":\"foo,bar_bar\"}", NULL},
        {"empty path", "{\"optionalFieldMask\":\"foo,,bar\"}", NULL},
        {"empty path at the end", "{\"optionalFieldMask\":\"foo,\"}", NULL},
        {"Struct",
         "{\"optionalStruct\":{\"n\":null,\"i\":1234,\"b\":true,\"d\":1.5,\"s\":\"x\","
         "\"l\":[1,\"a\",[],{}],\"o\":{\"v\":0}}}",
         "{\"optionalStruct\":{\"n\":null,\"i\":1234,\"b\":true,\"d\":1.5,\"s\":\"x\","
         "\"l\":[1,\"a\",[],{}],\"o\":{\"v\":0}}}"},
        {"Struct, double key", "{\"optionalStruct\":{\"a\":1,\"a\":2}}", NULL},
        {"list for a Struct", "{\"optionalStruct\":[]}", NULL},
        {"ValueAcceptInteger", "{\"optionalValue\":1}", "{\"optionalValue\":1}"},
        {"ValueAcceptNull", "{\"optionalValue\":null}", "{\"optionalValue\":null}"},
        {"ValueAcceptString", "{\"optionalValue\":\"NaN\"}", "{\"optionalValue\":\"NaN\"}"},
        {"ValueAcceptList", "{\"optionalValue\":[0,\"x\",null]}",
         "{\"optionalValue\":[0,\"x\",null]}"},
        {"ValueAcceptObject", "{\"optionalValue\":{\"v\":false}}",
         "{\"optionalValue\":{\"v\":false}}"},
        {"Value, number too large", "{\"optionalValue\":1e400}", NULL},
        {"RepeatedValue", "{\"repeatedValue\":[null,1,[null]]}",
         "{\"repeatedValue\":[null,1,[null]]}"},
        {"map of Value", "{\"mapStringValue\":{\"a\":null,\"b\":[1]}}",
         "{\"mapStringValue\":{\"a\":null,\"b\":[1]}}"},
        {"ListValue", "{\"optionalListValue\":[1,[2]]}", "{\"optionalListValue\":[1,[2]]}"},
        {"RepeatedListValue", "{\"repeatedListValue\":[[],[1]]}",
         "{\"repeatedListValue\":[[],[1]]}"},
        {"object for a ListValue", "{\"optionalListValue\":{}}", NULL},
        {"OptionalWrapperTypesWithNonDefaultValue",
         "{\"wrappedBool\":true,\"wrappedInt32\":1,\"wrappedInt64\":\"1\",\"wrappedUint32\":1,"
         "\"wrappedUint64\":\"1\",\"wrappedFloat\":1,\"wrappedDouble\":1,\"wrappedString\":\"1\","
         "\"wrappedBytes\":\"AQI=\"}",
         "{\"wrappedBool\":true,\"wrappedInt32\":1,\"wrappedInt64\":\"1\",\"wrappedUint32\":1,"
         "\"wrappedUint64\":\"1\",\"wrappedFloat\":1,\"wrappedDouble\":1,\"wrappedString\":\"1\","
         "\"wrappedBytes\":\"AQI=\"}"},
        {"wrappers of zeros", "{\"wrappedBool\":false,\"wrappedInt64\":0,\"wrappedString\":\"\"}",
         "{\"wrappedBool\":false,\"wrappedInt64\":\"0\",\"wrappedString\":\"\"}"},
        {"repeated wrapper", "{\"repeatedWrappedInt64\":[0,\"1\"]}",
         "{\"repeatedWrappedInt64\":[\"0\",\"1\"]}"},
        {"null in a list of wrappers", "{\"repeatedWrappedInt64\":[null]}", NULL},
        {"wrapper as an object", "{\"wrappedInt32\":{\"value\":5}}", NULL},
        {"empty Any", "{\"optionalAny\":{}}", "{\"optionalAny\":{}}"},
        {"Any of a type", "{\"optionalAny\":{\"@type\":\"type.googleapis.com/conformance.All\"}}",
         NULL},
        {"Empty", "{\"optionalEmpty\":{}}", "{\"optionalEmpty\":{}}"},
        {"Empty with a field", "{\"optionalEmpty\":{\"a\":1}}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__takes_timestamps_and_durations),
        cmocka_unit_test(test_json__takes_the_other_well_known_types),
    };
    return cmocka_run_group_tests_name("rpc/json_known", tests, NULL, NULL);
}
