/* Proto3 JSON, read and printed again, by the names of the protobuf conformance suite where it has
 * one. */

#include "support.h"

#include "rpc/json_rows.h"

static void test_json__takes_names_in_both_spellings(void **state)
{
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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
    static const struct json_row rows[] = {
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

static void test_json__ignores_unknown_fields_where_told(void **state)
{
    static const struct json_row rows[] = {
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
        cmocka_unit_test(test_json__ignores_unknown_fields_where_told),
    };
    return cmocka_run_group_tests_name("rpc/json", tests, NULL, NULL);
}
