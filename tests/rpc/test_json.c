/* Proto3 JSON both ways, by the names of the protobuf conformance suite where it has one. */

#include "support.h"

#include "rpc/conformance.h"

static const struct rpc_message *const all = &conformance__all__table;

struct row {
    const char *name;
    const char *json;
    const char *expected; /* printed again; NULL: refused */
};

static void run(const struct row *rows, size_t count, unsigned parse_flags, unsigned print_flags)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got =
            json_again(all, bs_str_from(rows[i].json), parse_flags, print_flags, arena);
        if (rows[i].expected)
            test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "%s gives %s, not %s",
                     rows[i].json, got, rows[i].expected);
        else
            test_row(rows[i].name, got[0] == '!', "%s is taken: %s", rows[i].json, got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

#define RUN(rows, parse_flags, print_flags)                                                        \
    run((rows), BS_ARRAY_COUNT(rows), (parse_flags), (print_flags))

static void test_json__takes_names_in_both_spellings(void **state)
{
    static const struct row rows[] = {
        {"HelloWorld", "{\"optionalString\":\"Hello, World!\"}",
         "{\"optionalString\":\"Hello, World!\"}"},
        {"FieldNameInSnakeCase", "{\"fieldname1\":1,\"fieldName2\":2,\"FieldName3\":3}",
         "{\"fieldname1\":1,\"fieldName2\":2,\"FieldName3\":3}"},
        {"FieldNameInSnakeCase 2", "{\"fieldName4\":4}", "{\"fieldName4\":4}"},
        {"FieldNameWithNumbers", "{\"field0name5\":5,\"field0Name6\":6}",
         "{\"field0name5\":5,\"field0Name6\":6}"},
        {"FieldNameWithMixedCases",
         "{\"fieldName7\":7,\"FieldName8\":8,\"fieldName9\":9,\"FieldName10\":10,"
         "\"FIELDNAME11\":11,\"FIELDName12\":12}",
         "{\"fieldName7\":7,\"FieldName8\":8,\"fieldName9\":9,\"FieldName10\":10,"
         "\"FIELDNAME11\":11,\"FIELDName12\":12}"},
        {"OriginalProtoFieldName",
         "{\"fieldname1\":1,\"field_name2\":2,\"_field_name3\":3,\"field__name4_\":4,"
         "\"field_0_name6\":6,\"FIELD_NAME11\":11}",
         "{\"fieldname1\":1,\"fieldName2\":2,\"FieldName3\":3,\"fieldName4\":4,\"field0Name6\":6,"
         "\"FIELDNAME11\":11}"},
        {"FieldNameEscaped", "{\"fieldn\\u0061me1\":1}", "{\"fieldname1\":1}"},
        {"json_name", "{\"other\":1}", "{\"other\":1}"},
        {"json_name, original", "{\"renamed\":1}", "{\"other\":1}"},
        {"FieldNameDuplicate", "{\"optionalString\":\"a\",\"optionalString\":\"b\"}", NULL},
        {"FieldNameDuplicate, both spellings", "{\"optional_int32\":1,\"optionalInt32\":2}", NULL},
        {"case counts", "{\"OptionalInt32\":1}", NULL},
        {"RejectUnknown", "{\"unknown\":1}", NULL},
        {"RejectTopLevelNull", "null", NULL},
        {"RejectTopLevelArray", "[]", NULL},
        {"top level number", "1", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_numbers_exactly(void **state)
{
    static const struct row rows[] = {
        {"Int32FieldMaxValue", "{\"optionalInt32\":2147483647}", "{\"optionalInt32\":2147483647}"},
        {"Int32FieldMinValue", "{\"optionalInt32\":-2147483648}",
         "{\"optionalInt32\":-2147483648}"},
        {"Int32FieldTooLarge", "{\"optionalInt32\":2147483648}", NULL},
        {"Int32FieldTooSmall", "{\"optionalInt32\":-2147483649}", NULL},
        {"Int32FieldStringValue", "{\"optionalInt32\":\"2147483647\"}",
         "{\"optionalInt32\":2147483647}"},
        {"Int32FieldExponentialFormat", "{\"optionalInt32\":1e5}", "{\"optionalInt32\":100000}"},
        {"Int32FieldMaxFloatValue", "{\"optionalInt32\":2.147483647e9}",
         "{\"optionalInt32\":2147483647}"},
        {"Int32FieldMinFloatValue", "{\"optionalInt32\":-2.147483648e9}",
         "{\"optionalInt32\":-2147483648}"},
        {"Int32FieldFloatTrailingZero", "{\"optionalInt32\":100000.000}",
         "{\"optionalInt32\":100000}"},
        {"Int32FieldQuotedExponentialValue", "{\"optionalInt32\":\"1e5\"}",
         "{\"optionalInt32\":100000}"},
        {"negative exponent", "{\"optionalInt32\":1000e-3}", "{\"optionalInt32\":1}"},
        {"negative exponent, fraction", "{\"optionalInt32\":1005e-1}", NULL},
        {"Int32FieldNotInteger", "{\"optionalInt32\":0.5}", NULL},
        {"Int32FieldLeadingZero", "{\"optionalInt32\":01}", NULL},
        {"Int32FieldNegativeWithLeadingZero", "{\"optionalInt32\":-01}", NULL},
        {"Int32FieldPlusSign", "{\"optionalInt32\":+1}", NULL},
        {"Int32FieldNotNumber", "{\"optionalInt32\":\"3x3\"}", NULL},
        {"Int32FieldLeadingSpace", "{\"optionalInt32\":\" 1\"}", NULL},
        {"Int32FieldTrailingSpace", "{\"optionalInt32\":\"1 \"}", NULL},
        {"Int32FieldStringValuePartiallyNumeric", "{\"optionalInt32\":\"12abc\"}", NULL},
        {"Int32FieldEmptyString", "{\"optionalInt32\":\"\"}", NULL},
        {"quoted leading zero", "{\"optionalInt32\":\"01\"}", NULL},
        {"quoted plus", "{\"optionalInt32\":\"+1\"}", NULL},
        {"quoted hex", "{\"optionalInt32\":\"0x10\"}", NULL},
        {"minus zero", "{\"optionalInt32\":-0}", "{}"},
        {"minus zero, unsigned", "{\"optionalUint32\":-0}", "{}"},
        {"Uint32FieldMaxValue", "{\"optionalUint32\":4294967295}",
         "{\"optionalUint32\":4294967295}"},
        {"Uint32FieldTooLarge", "{\"optionalUint32\":4294967296}", NULL},
        {"Uint32FieldNotInteger", "{\"optionalUint32\":1.5}", NULL},
        {"negative unsigned", "{\"optionalUint32\":-1}", NULL},
        {"Int64FieldMaxValue", "{\"optionalInt64\":\"9223372036854775807\"}",
         "{\"optionalInt64\":\"9223372036854775807\"}"},
        {"Int64FieldMinValue", "{\"optionalInt64\":\"-9223372036854775808\"}",
         "{\"optionalInt64\":\"-9223372036854775808\"}"},
        {"Int64FieldTooLarge", "{\"optionalInt64\":\"9223372036854775808\"}", NULL},
        {"Int64FieldTooSmall", "{\"optionalInt64\":\"-9223372036854775809\"}", NULL},
        {"above 2^53, bare", "{\"optionalInt64\":9007199254740993}",
         "{\"optionalInt64\":\"9007199254740993\"}"},
        {"1e18", "{\"optionalInt64\":1e18}", "{\"optionalInt64\":\"1000000000000000000\"}"},
        {"Uint64FieldMaxValue", "{\"optionalUint64\":\"18446744073709551615\"}",
         "{\"optionalUint64\":\"18446744073709551615\"}"},
        {"Uint64FieldTooLarge", "{\"optionalUint64\":\"18446744073709551616\"}", NULL},
        {"Uint64QuotedExponentFieldTooLarge", "{\"optionalUint64\":\"1e536870000\"}", NULL},
        {"zero of a huge exponent", "{\"optionalUint64\":0e99999999999999999999}", "{}"},
        {"tiny exponent", "{\"optionalUint64\":1e-99999999999999999999}", NULL},
        {"fixed and zigzag",
         "{\"optionalSint32\":-5,\"optionalSint64\":\"-6\",\"optionalFixed32\":7,"
         "\"optionalFixed64\":8,\"optionalSfixed32\":-9,\"optionalSfixed64\":-10}",
         "{\"optionalSint32\":-5,\"optionalSint64\":\"-6\",\"optionalFixed32\":7,"
         "\"optionalFixed64\":\"8\",\"optionalSfixed32\":-9,\"optionalSfixed64\":\"-10\"}"},
        {"bool for a number", "{\"optionalInt32\":true}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_floats_and_doubles(void **state)
{
    static const struct row rows[] = {
        {"FloatFieldMaxPositiveValue", "{\"optionalFloat\":3.4028235e38}",
         "{\"optionalFloat\":3.4028235e+38}"},
        {"FloatFieldTooLarge", "{\"optionalFloat\":3.4028236e38}", NULL},
        {"FloatFieldTooSmall", "{\"optionalFloat\":-3.502823e+38}", NULL},
        {"FloatFieldMinPositiveValue", "{\"optionalFloat\":1.175494e-38}",
         "{\"optionalFloat\":1.175494e-38}"},
        {"FloatFieldQuotedValue", "{\"optionalFloat\":\"1\"}", "{\"optionalFloat\":1}"},
        {"FloatFieldNan", "{\"optionalFloat\":\"NaN\"}", "{\"optionalFloat\":\"NaN\"}"},
        {"FloatFieldInfinity", "{\"optionalFloat\":\"Infinity\"}",
         "{\"optionalFloat\":\"Infinity\"}"},
        {"FloatFieldNegativeInfinity", "{\"optionalFloat\":\"-Infinity\"}",
         "{\"optionalFloat\":\"-Infinity\"}"},
        {"FloatFieldNanNotQuoted", "{\"optionalFloat\":NaN}", NULL},
        {"FloatFieldInfinityNotQuoted", "{\"optionalFloat\":Infinity}", NULL},
        {"nan in lower case", "{\"optionalFloat\":\"nan\"}", NULL},
        {"+Infinity", "{\"optionalFloat\":\"+Infinity\"}", NULL},
        {"float, rounded once", "{\"optionalFloat\":1.00000017881393432617187499}",
         "{\"optionalFloat\":1.0000001}"},
        {"shortest float", "{\"optionalFloat\":0.1}", "{\"optionalFloat\":0.1}"},
        {"float too small is zero", "{\"optionalFloat\":1e-60}", "{}"},
        {"DoubleFieldMaxPositiveValue", "{\"optionalDouble\":1.7976931348623157e+308}",
         "{\"optionalDouble\":1.7976931348623157e+308}"},
        {"DoubleFieldMinPositiveValue", "{\"optionalDouble\":2.22507e-308}",
         "{\"optionalDouble\":2.22507e-308}"},
        {"DoubleFieldTooLarge", "{\"optionalDouble\":1.89769e+308}", NULL},
        {"1e400", "{\"optionalDouble\":1e400}", NULL},
        {"1e400, quoted", "{\"optionalDouble\":\"1e400\"}", NULL},
        {"DoubleFieldNan", "{\"optionalDouble\":\"NaN\"}", "{\"optionalDouble\":\"NaN\"}"},
        {"DoubleFieldTrueValue", "{\"optionalDouble\":true}", NULL},
        {"1e+21", "{\"optionalDouble\":1e21}", "{\"optionalDouble\":1e+21}"},
        {"minus zero is not sent", "{\"optionalDouble\":-0.0}", "{}"},
        {"minus zero in a list", "{\"repeatedDouble\":[-0.0]}", "{\"repeatedDouble\":[-0]}"},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_bools_strings_bytes_and_enums(void **state)
{
    static const struct row rows[] = {
        {"BoolFieldTrue", "{\"optionalBool\":true}", "{\"optionalBool\":true}"},
        {"BoolFieldFalse", "{\"optionalBool\":false}", "{}"},
        {"BoolFieldIntegerOne", "{\"optionalBool\":1}", NULL},
        {"BoolFieldAllCapitalTrue", "{\"optionalBool\":TRUE}", NULL},
        {"BoolFieldDoubleQuotedTrue", "{\"optionalBool\":\"true\"}", NULL},
        {"StringFieldNotAString", "{\"optionalString\":12345}", NULL},
        {"StringFieldEscape", "{\"optionalString\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
         "{\"optionalString\":\"\\\"\\\\/\\b\\f\\n\\r\\t\"}"},
        {"control character", "{\"optionalString\":\"\\u0001\"}",
         "{\"optionalString\":\"\\u0001\"}"},
        {"StringFieldUnicode", "{\"optionalString\":\"\xe8\xb0\xb7\xe6\xad\x8c\"}",
         "{\"optionalString\":\"\xe8\xb0\xb7\xe6\xad\x8c\"}"},
        {"StringFieldUnicodeEscape", "{\"optionalString\":\"\\u8c37\\u6b4c\"}",
         "{\"optionalString\":\"\xe8\xb0\xb7\xe6\xad\x8c\"}"},
        {"StringFieldUnicodeEscapeWithLowercaseHexLetters", "{\"optionalString\":\"\\u8C37\"}",
         "{\"optionalString\":\"\xe8\xb0\xb7\"}"},
        {"StringFieldSurrogatePair", "{\"optionalString\":\"\\uD83D\\uDE01\"}",
         "{\"optionalString\":\"\xf0\x9f\x98\x81\"}"},
        {"StringFieldUnpairedHighSurrogate", "{\"optionalString\":\"\\uD800\"}", NULL},
        {"StringFieldUnpairedLowSurrogate", "{\"optionalString\":\"\\uDC00\"}", NULL},
        {"StringFieldSurrogateInWrongOrder", "{\"optionalString\":\"\\uDE01\\uD83D\"}", NULL},
        {"StringFieldUppercaseEscapeLetter", "{\"optionalString\":\"\\U8C37\"}", NULL},
        {"StringFieldInvalidEscape", "{\"optionalString\":\"\\x\"}", NULL},
        {"StringFieldUnterminatedEscape", "{\"optionalString\":\"\\u8C3\"}", NULL},
        {"StringFieldEmbeddedNull", "{\"optionalString\":\"a\\u0000b\"}", NULL},
        {"StringFieldSingleQuoteBoth", "{\"optionalString\":'x'}", NULL},
        {"string without end", "{\"optionalString\":\"x", NULL},
        {"bare control character", "{\"optionalString\":\"a\nb\"}", NULL},
        {"not UTF-8", "{\"optionalString\":\"\xff\"}", NULL},
        {"overlong UTF-8", "{\"optionalString\":\"\xc0\x80\"}", NULL},
        {"escapes between plain runs", "{\"optionalString\":\"0123456789\\n0123456789\\u00e9!\"}",
         "{\"optionalString\":\"0123456789\\n0123456789\xc3\xa9!\"}"},
        {"BytesField", "{\"optionalBytes\":\"AQI=\"}", "{\"optionalBytes\":\"AQI=\"}"},
        {"BytesFieldBase64Url", "{\"optionalBytes\":\"-_\"}", "{\"optionalBytes\":\"+w==\"}"},
        {"bytes without padding", "{\"optionalBytes\":\"AQI\"}", "{\"optionalBytes\":\"AQI=\"}"},
        {"bytes of length 1 mod 4", "{\"optionalBytes\":\"AQIDB\"}", NULL},
        {"bytes, wrong padding", "{\"optionalBytes\":\"AQI==\"}", NULL},
        {"BytesFieldInvalidBase64Characters", "{\"optionalBytes\":\"!@#$\"}", NULL},
        {"bytes with a blank", "{\"optionalBytes\":\"AQ I=\"}", NULL},
        {"EnumField", "{\"optionalColor\":\"GREEN\"}", "{\"optionalColor\":\"GREEN\"}"},
        {"EnumFieldWithAlias", "{\"optionalColor\":\"AZURE\"}", "{\"optionalColor\":\"BLUE\"}"},
        {"EnumFieldNotQuoted", "{\"optionalColor\":GREEN}", NULL},
        {"EnumFieldNumericValueZero", "{\"optionalColor\":0}", "{}"},
        {"EnumFieldNumericValueNonZero", "{\"optionalColor\":1}", "{\"optionalColor\":\"GREEN\"}"},
        {"enum as 1.0", "{\"optionalColor\":1.0}", "{\"optionalColor\":\"GREEN\"}"},
        {"EnumFieldUnknownValue", "{\"optionalColor\":123}", "{\"optionalColor\":123}"},
        {"enum, negative", "{\"optionalColor\":-1}", "{\"optionalColor\":\"NEGATIVE\"}"},
        {"enum above int32", "{\"optionalColor\":4294967296}", NULL},
        {"enum number quoted", "{\"optionalColor\":\"1\"}", NULL},
        {"unknown enum name", "{\"optionalColor\":\"green\"}", NULL},
        {"EnumFieldTrueValue", "{\"optionalColor\":true}", NULL},
        {"EnumFieldSingleElementArray", "{\"optionalColor\":[\"GREEN\"]}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_lists_maps_and_messages(void **state)
{
    static const struct row rows[] = {
        {"PrimitiveRepeatedField", "{\"repeatedInt32\":[1,2,3,4,5,6,7,8,9]}",
         "{\"repeatedInt32\":[1,2,3,4,5,6,7,8,9]}"},
        {"EnumRepeatedField", "{\"repeatedColor\":[\"RED\",1,\"AZURE\"]}",
         "{\"repeatedColor\":[\"RED\",\"GREEN\",\"BLUE\"]}"},
        {"StringRepeatedField", "{\"repeatedString\":[\"a\",\"\"]}",
         "{\"repeatedString\":[\"a\",\"\"]}"},
        {"BytesRepeatedField", "{\"repeatedBytes\":[\"AAEC\",\"\"]}",
         "{\"repeatedBytes\":[\"AAEC\",\"\"]}"},
        {"MessageRepeatedField", "{\"repeatedInner\":[{\"a\":1},{},{\"numbers\":[3]}]}",
         "{\"repeatedInner\":[{\"a\":1},{},{\"numbers\":[3]}]}"},
        {"empty list", "{\"repeatedInt32\":[]}", "{}"},
        {"RepeatedFieldWrongElementTypeExpectingIntegersGotString", "{\"repeatedInt32\":[1,\"a\"]}",
         NULL},
        {"RepeatedFieldTrailingComma", "{\"repeatedInt32\":[1,]}", NULL},
        {"RepeatedFieldPrimitiveElementIsNull", "{\"repeatedInt32\":[1,null]}", NULL},
        {"RepeatedFieldMessageElementIsNull", "{\"repeatedInner\":[null]}", NULL},
        {"SingleValueForRepeatedFieldInt32", "{\"repeatedInt32\":5}", NULL},
        {"SingleValueForRepeatedFieldMessage", "{\"repeatedInner\":{\"a\":1}}", NULL},
        {"list for a scalar", "{\"optionalInt32\":[1]}", NULL},
        {"Int32MapField", "{\"mapInt32Int32\":{\"1\":2,\"-3\":4}}",
         "{\"mapInt32Int32\":{\"1\":2,\"-3\":4}}"},
        {"Uint64MapField", "{\"mapUint64String\":{\"18446744073709551615\":\"x\"}}",
         "{\"mapUint64String\":{\"18446744073709551615\":\"x\"}}"},
        {"BoolMapField", "{\"mapBoolBool\":{\"true\":true,\"false\":false}}",
         "{\"mapBoolBool\":{\"true\":true,\"false\":false}}"},
        {"BoolMapEscapedKey", "{\"mapBoolBool\":{\"tr\\u0075e\":true}}",
         "{\"mapBoolBool\":{\"true\":true}}"},
        {"Int32MapEscapedKey", "{\"mapInt32Int32\":{\"\\u0031\":2}}",
         "{\"mapInt32Int32\":{\"1\":2}}"},
        {"MessageMapField", "{\"mapStringInner\":{\"hello\":{\"a\":1234},\"e\":{}}}",
         "{\"mapStringInner\":{\"hello\":{\"a\":1234},\"e\":{}}}"},
        {"map of doubles", "{\"mapSint64Double\":{\"-1\":0.5}}",
         "{\"mapSint64Double\":{\"-1\":0.5}}"},
        {"Int32MapFieldKeyNotQuoted", "{\"mapInt32Int32\":{1:2}}", NULL},
        {"BoolMapFieldKeyNotQuoted", "{\"mapBoolBool\":{true:true}}", NULL},
        {"MapFieldKeyIsNull", "{\"mapInt32Int32\":{null:1}}", NULL},
        {"MapFieldValueIsNull", "{\"mapInt32Int32\":{\"0\":null}}", NULL},
        {"map, bool key in capitals", "{\"mapBoolBool\":{\"True\":true}}", NULL},
        {"map, key too large", "{\"mapInt32Int32\":{\"2147483648\":1}}", NULL},
        {"map, double key", "{\"mapStringString\":{\"a\":\"1\",\"a\":\"2\"}}", NULL},
        {"map, double key after conversion", "{\"mapInt32Int32\":{\"1\":1,\"1e0\":2}}", NULL},
        {"list for a map", "{\"mapInt32Int32\":[]}", NULL},
        {"map for a list", "{\"repeatedInt32\":{}}", NULL},
        {"message, set and empty", "{\"optionalInner\":{}}", "{\"optionalInner\":{}}"},
        {"list for a message", "{\"optionalInner\":[]}", NULL},
        {"string for a message", "{\"optionalInner\":\"\"}", NULL},
        {"AllFieldAcceptNull",
         "{\"optionalInt32\":null,\"optionalString\":null,\"optionalInner\":null,"
         "\"repeatedInt32\":null,\"mapInt32Int32\":null,\"wrappedInt32\":null,"
         "\"optionalTimestamp\":null,\"optionalStruct\":null,\"optionalColor\":null,"
         "\"optionalListValue\":null}",
         "{}"},
        {"blanks", " \t\r\n{ \"optionalInt32\" : 1 , \"repeatedInt32\" : [ 1 , 2 ] } \n",
         "{\"optionalInt32\":1,\"repeatedInt32\":[1,2]}"},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__refuses_what_is_not_json(void **state)
{
    static const struct row rows[] = {
        {"TrailingCommaInAnObject", "{\"optionalInt32\":1,}", NULL},
        {"JsonWithComments", "{/* */}", NULL},
        {"FieldNameNotQuoted", "{optionalInt32:1}", NULL},
        {"FieldNameInSingleQuotes", "{'optionalInt32':1}", NULL},
        {"MissingCommaOneLine", "{\"optionalInt32\":1 \"optionalInt64\":2}", NULL},
        {"missing colon", "{\"optionalInt32\" 1}", NULL},
        {"something behind", "{} x", NULL},
        {"two values", "{}{}", NULL},
        {"empty text", "", NULL},
        {"blanks only", " \n", NULL},
        {"byte order mark", "\xef\xbb\xbf{}", NULL},
        {"wrong closing", "{\"repeatedInt32\":[1}", NULL},
        {"open object", "{", NULL},
        {"open list", "{\"repeatedInt32\":[1", NULL},
        {"form feed is no blank", "\f{}", NULL},
        {"nulla", "{\"optionalInt32\":nulla}", NULL},
        {"1.", "{\"optionalDouble\":1.}", NULL},
        {".5", "{\"optionalDouble\":.5}", NULL},
        {"1e", "{\"optionalDouble\":1e}", NULL},
        {"-", "{\"optionalDouble\":-}", NULL},
        {"minus and blank", "{\"optionalDouble\":- 1}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_one_member_of_a_oneof(void **state)
{
    static const struct row rows[] = {
        {"OneofFieldDuplicate", "{\"oneofUint32\":1,\"oneofString\":\"test\"}", NULL},
        {"OneofFieldNullFirst", "{\"oneofUint32\":null,\"oneofString\":\"test\"}",
         "{\"oneofString\":\"test\"}"},
        {"OneofFieldNullSecond", "{\"oneofString\":\"test\",\"oneofUint32\":null}",
         "{\"oneofString\":\"test\"}"},
        {"OneofZeroUint32", "{\"oneofUint32\":0}", "{\"oneofUint32\":0}"},
        {"OneofZeroMessage", "{\"oneofInner\":{}}", "{\"oneofInner\":{}}"},
        {"OneofZeroString", "{\"oneofString\":\"\"}", "{\"oneofString\":\"\"}"},
        {"OneofZeroBytes", "{\"oneofBytes\":\"\"}", "{\"oneofBytes\":\"\"}"},
        {"OneofZeroBool", "{\"oneofBool\":false}", "{\"oneofBool\":false}"},
        {"OneofZeroDouble", "{\"oneofDouble\":0}", "{\"oneofDouble\":0}"},
        {"OneofZeroEnum", "{\"oneofColor\":\"RED\"}", "{\"oneofColor\":\"RED\"}"},
        {"NullValueInOtherOneofNewFormat", "{\"oneofNull\":\"NULL_VALUE\"}",
         "{\"oneofNull\":null}"},
        {"NullValueInOtherOneofOldFormat", "{\"oneofNull\":null}", "{\"oneofNull\":null}"},
        {"null sets a Value", "{\"oneofValue\":null}", "{\"oneofValue\":null}"},
        {"null sets a Value, twice", "{\"oneofValue\":null,\"oneofBool\":true}", NULL},
        {"NullValueInNormalMessage", "{\"optionalNullValue\":null}", "{}"},
        {"NullValue by number", "{\"optionalNullValue\":0}", "{}"},
        {"two messages", "{\"oneofInner\":{\"left\":1,\"right\":\"x\"}}", NULL},
    };
    (void)state;
    RUN(rows, 0, 0);
}

static void test_json__takes_timestamps_and_durations(void **state)
{
    static const struct row rows[] = {
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
    static const struct row rows[] = {
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

static void test_json__ignores_unknown_fields_where_told(void **state)
{
    static const struct row rows[] = {
        {"IgnoreUnknownJsonNumber", "{\"unknown\":1}", "{}"},
        {"IgnoreUnknownJsonString", "{\"unknown\":\"a\"}", "{}"},
        {"IgnoreUnknownJsonTrue", "{\"unknown\":true}", "{}"},
        {"IgnoreUnknownJsonNull", "{\"unknown\":null}", "{}"},
        {"IgnoreUnknownJsonObject", "{\"unknown\":{\"a\":[1,{\"b\":2}]},\"optionalInt32\":1}",
         "{\"optionalInt32\":1}"},
        {"IgnoreUnknownJsonArray", "{\"unknown\":[[],{\"a\":null}],\"optionalInt32\":1}",
         "{\"optionalInt32\":1}"},
        {"two of them", "{\"unknown\":1,\"unknown\":[]}", "{}"},
        {"syntax is checked", "{\"unknown\":[1,]}", NULL},
        {"UTF-8 is checked", "{\"unknown\":\"\xff\"}", NULL},
        {"in a message", "{\"repeatedInner\":[{\"b\":1,\"a\":2}]}",
         "{\"repeatedInner\":[{\"a\":2}]}"},
        {"IgnoreUnknownEnumStringValueInOptionalField", "{\"optionalColor\":\"WHITE\"}", "{}"},
        {"IgnoreUnknownEnumStringValueInRepeatedField",
         "{\"repeatedColor\":[\"GREEN\",\"WHITE\",\"BLUE\"]}",
         "{\"repeatedColor\":[\"GREEN\",\"BLUE\"]}"},
        {"IgnoreUnknownEnumStringValueInMapValue",
         "{\"mapStringColor\":{\"a\":\"GREEN\",\"b\":\"WHITE\"}}",
         "{\"mapStringColor\":{\"a\":\"GREEN\"}}"},
        {"in a oneof", "{\"oneofColor\":\"WHITE\",\"oneofBool\":true}", "{\"oneofBool\":true}"},
    };
    (void)state;
    RUN(rows, RPC_JSON_IGNORE_UNKNOWN, 0);
}

static const char *repeated_text(struct bs_arena *arena, const char *open, const char *middle,
                                 const char *close, size_t count)
{
    struct bs_buf text = BS_BUF_INIT(0);
    for (size_t i = 0; i < count; i++)
        bs_buf_append_cstr(&text, open);
    bs_buf_append_cstr(&text, middle);
    for (size_t i = 0; i < count; i++)
        bs_buf_append_cstr(&text, close);
    const char *copy = bs_arena_dup_cstr(arena, bs_buf_str(&text));
    bs_buf_fini(&text);
    return copy;
}

static void test_json__nests_a_hundred_levels(void **state)
{
    static const struct {
        size_t depth;
        bool passes;
    } rows[] = {{25, true}, {99, true}, {100, false}, {200, false}, {200000, false}};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        char name[32];
        snprintf(name, sizeof(name), "%zu", rows[i].depth);
        const char *lists = repeated_text(arena, "[", "", "]", rows[i].depth);
        const char *text = bs_arena_printf(arena, "{\"optionalValue\":%s}", lists).ptr;
        const char *got = json_again(all, bs_str_from(text), 0, 0, arena);
        test_row(name, (got[0] != '!') == rows[i].passes, "%.200s", got);
        text = bs_arena_printf(arena, "{\"unknown\":%s}", lists).ptr;
        got = json_again(all, bs_str_from(text), RPC_JSON_IGNORE_UNKNOWN, 0, arena);
        test_row(name, (got[0] != '!') == rows[i].passes, "ignored: %.200s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_json__finds_double_keys_of_large_maps(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_buf text = BS_BUF_INIT(0);
    (void)state;
    bs_buf_append_cstr(&text, "{\"mapInt32Int32\":{\"0\":0");
    for (int i = 1; i < 50000; i++)
        bs_buf_printf(&text, ",\"%d\":%d", i, i);
    size_t len = text.len;
    bs_buf_append_cstr(&text, "}}");
    const char *got = json_again(all, bs_buf_str(&text), 0, 0, arena);
    assert_str_equals(bs_str_from(got), bs_buf_cstr(&text));
    text.len = len;
    bs_buf_append_cstr(&text, ",\"777\":1}}");
    got = json_again(all, bs_buf_str(&text), 0, 0, arena);
    assert_non_null(strstr(got, "mapInt32Int32: key \"777\" stands twice"));
    bs_buf_fini(&text);
    bs_arena_free(arena);
}

static void test_json__prints_zeros_where_told(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    const char *got =
        json_again(&conformance__inner__table, BS_STR("{}"), 0, RPC_JSON_ZEROS, arena);
    (void)state;
    assert_string_equal(got, "{\"a\":0,\"name\":\"\",\"numbers\":[]}");
    got = json_again(all, BS_STR("{}"), 0, RPC_JSON_ZEROS, arena);
    assert_non_null(strstr(got, "\"optionalInt64\":\"0\""));
    assert_non_null(strstr(got, "\"optionalColor\":\"RED\""));
    assert_non_null(strstr(got, "\"mapInt32Int32\":{}"));
    assert_null(strstr(got, "oneof"));
    assert_null(strstr(got, "wrapped"));
    assert_null(strstr(got, "optionalInner"));
    bs_arena_free(arena);
}

static void test_json__prints_as_the_flags_say(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    static const struct {
        const char *name;
        const char *json;
        unsigned flags;
        const char *expected;
    } rows[] = {
        {"original names", "{\"optionalInt32\":1,\"other\":2}", RPC_JSON_ORIGINAL_NAMES,
         "{\"optional_int32\":1,\"renamed\":2}"},
        {"for pages", "{\"optionalString\":\"</script>&\\u2028\xe2\x82\xac\"}", RPC_JSON_HTML_SAFE,
         "{\"optionalString\":\"\\u003c/script\\u003e\\u0026\\u2028\xe2\x82\xac\"}"},
        {"not for pages", "{\"optionalString\":\"<\\u2028\"}", 0,
         "{\"optionalString\":\"<\xe2\x80\xa8\"}"},
        {"pretty", "{\"optionalInner\":{\"numbers\":[1,2]},\"mapStringInner\":{\"a\":{}}}",
         RPC_JSON_PRETTY,
         "{\n  \"optionalInner\": {\n    \"numbers\": [\n      1,\n      2\n    ]\n  },\n"
         "  \"mapStringInner\": {\n    \"a\": {}\n  }\n}"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const char *got = json_again(all, bs_str_from(rows[i].json), 0, rows[i].flags, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "gives %s", got);
    }
    bs_arena_free(arena);
    test_rows_end();
}

static const char *field_again(const char *field, const char *json, unsigned flags,
                               struct bs_arena *arena)
{
    Conformance__All message = CONFORMANCE__ALL__INIT;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf out = BS_BUF_INIT(0);
    if (json && rpc_json_parse_field(all, &message.base, bs_str_from(field), bs_str_from(json), 0,
                                     arena, &error) != BS_OK)
        return bs_arena_printf(arena, "!%s", error.message).ptr;
    if (rpc_json_print_field(all, &message.base, bs_str_from(field), flags, &out, &error) != BS_OK)
        return bs_arena_printf(arena, "!%s", error.message).ptr;
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return text;
}

static void test_json__takes_and_prints_single_fields(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    static const struct {
        const char *name;
        const char *field;
        const char *json; /* NULL: unset */
        const char *expected;
    } rows[] = {
        {"string", "optionalString", " \"abc\" ", "\"abc\""},
        {"original name", "optional_string", "\"abc\"", "\"abc\""},
        {"list", "repeatedInt32", "[1,2]", "[1,2]"},
        {"message", "optionalInner", "{\"a\":1}", "{\"a\":1}"},
        {"timestamp", "optionalTimestamp", "\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\""},
        {"map", "mapBoolBool", "{\"true\":false}", "{\"true\":false}"},
        {"long", "optionalInt64", "5", "\"5\""},
        {"unset string", "optionalString", NULL, "\"\""},
        {"unset list", "repeatedInt32", NULL, "[]"},
        {"unset map", "mapBoolBool", NULL, "{}"},
        {"unset message", "optionalInner", NULL, "{}"},
        {"unset timestamp", "optionalTimestamp", NULL, "null"},
        {"unset oneof member", "oneofString", NULL, "\"\""},
        {"null", "optionalInner", "null", "{}"},
        {"something behind", "optionalInt32", "1 1",
         "!expected the end of the text, got \"1\" (line 1, column 3)"},
        {"wrong type", "repeatedInt32", "[1,{}]",
         "!repeatedInt32[1]: expected a whole number from -2147483648 to 2147483647, got an "
         "object (line 1, column 4)"},
        {"unknown field", "optionalStrin", "1",
         "!conformance.All has no field \"optionalStrin\" (is \"optionalString\" meant?)"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const char *got = field_again(rows[i].field, rows[i].json, 0, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "gives %s", got);
    }
    bs_arena_free(arena);
    test_rows_end();
}

static void test_json__refuses_to_print_what_has_no_form(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *message;
    } rows[] = {
        {"TimestampProtoInputTooLarge", "f212 07 08 80 83 d1 ff af 07",
         "optionalTimestamp: no instant of the years 0001 to 9999"},
        {"DurationProtoNanosWrongSign", "ea12 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01",
         "optionalDuration: no duration: seconds and nanos out of range or of different signs"},
        {"FieldMaskNumbersDontRoundTrip", "fa12 09 0a 07 66 6f 6f 5f 33 5f 62",
         "optionalFieldMask: a field mask's path that does not read back"},
        {"ValueRejectNanNumberValue", "9213 09 11 00 00 00 00 00 00 f8 7f",
         "optionalValue: a google.protobuf.Value of NaN or infinity"},
        {"Value without kind", "9213 00",
         "optionalValue: a google.protobuf.Value with no kind set"},
        {"Any", "8a13 04 0a 02 61 2f",
         "optionalAny: google.protobuf.Any has no JSON form here: no registry of types"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        struct bs_buf out = BS_BUF_INIT(0);
        ProtobufCMessage *message = NULL;
        enum bs_code code =
            rpc_unpack(all, from_hex(rows[i].hex, arena), NULL, arena, &message, &error);
        if (code == BS_OK)
            code = rpc_json_print(all, message, 0, &out, &error);
        test_row(rows[i].name, code == BS_INTERNAL && strcmp(error.message, rows[i].message) == 0,
                 "%s: %s", bs_code_name(code), code == BS_OK ? bs_buf_cstr(&out) : error.message);
        bs_buf_fini(&out);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_json__obeys_the_arenas_cap(void **state)
{
    struct bs_arena *arena = bs_arena_new(8000);
    struct bs_buf text = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    ProtobufCMessage *message;
    (void)state;
    bs_buf_append_cstr(&text, "{\"repeatedInner\":[{}");
    for (int i = 0; i < 1000; i++)
        bs_buf_append_cstr(&text, ",{}");
    bs_buf_append_cstr(&text, "]}");
    assert_int_equal(rpc_json_parse(all, bs_buf_str(&text), 0, arena, &message, &error),
                     BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_RPC_TOO_LARGE);
    bs_buf_fini(&text);
    bs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__takes_names_in_both_spellings),
        cmocka_unit_test(test_json__takes_numbers_exactly),
        cmocka_unit_test(test_json__takes_floats_and_doubles),
        cmocka_unit_test(test_json__takes_bools_strings_bytes_and_enums),
        cmocka_unit_test(test_json__takes_lists_maps_and_messages),
        cmocka_unit_test(test_json__refuses_what_is_not_json),
        cmocka_unit_test(test_json__takes_one_member_of_a_oneof),
        cmocka_unit_test(test_json__takes_timestamps_and_durations),
        cmocka_unit_test(test_json__takes_the_other_well_known_types),
        cmocka_unit_test(test_json__ignores_unknown_fields_where_told),
        cmocka_unit_test(test_json__nests_a_hundred_levels),
        cmocka_unit_test(test_json__finds_double_keys_of_large_maps),
        cmocka_unit_test(test_json__prints_zeros_where_told),
        cmocka_unit_test(test_json__prints_as_the_flags_say),
        cmocka_unit_test(test_json__takes_and_prints_single_fields),
        cmocka_unit_test(test_json__refuses_to_print_what_has_no_form),
        cmocka_unit_test(test_json__obeys_the_arenas_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
