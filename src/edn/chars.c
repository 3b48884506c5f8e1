#include "edn/chars.h"

static const struct {
    uint32_t code_point;
    const char *name;
} char_names[] = {
    {'\n', "newline"}, {' ', "space"},      {'\t', "tab"},
    {'\r', "return"},  {'\b', "backspace"}, {'\f', "formfeed"},
};

const char *edn_char_name(uint32_t code_point)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(char_names); i++) {
        if (char_names[i].code_point == code_point)
            return char_names[i].name;
    }
    return NULL;
}

bool edn_char_from_name(struct bs_str name, uint32_t *ret_code_point)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(char_names); i++) {
        if (bs_str_equals(name, char_names[i].name)) {
            *ret_code_point = char_names[i].code_point;
            return true;
        }
    }
    return false;
}

bool edn_is_foreign_blank(uint32_t code_point)
{
    if (code_point >= 0x80 && code_point <= 0xa0)
        return true; /* C1 controls and the no-break space */
    return code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200b) ||
           code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202f ||
           code_point == 0x205f || code_point == 0x3000 || code_point == 0xfeff;
}
