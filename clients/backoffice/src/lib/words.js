// Numbers, years and dates as people read them.
(function (exports) {
  'use strict';

  const number = new Intl.NumberFormat('en-GB');

  // 64-bit counts come as strings.
  exports.count = function (value, one, many) {
    const amount = Number(value || 0);
    return number.format(amount) + ' ' + (amount === 1 ? one : many);
  };

  exports.number = function (value) {
    return number.format(Number(value || 0));
  };

  // "1960–1970", "since 1983", "until 1991", "" by the years that are known (0: not).
  exports.years = function (start, end) {
    if (start && end) {
      return start === end ? String(start) : start + '–' + end;
    }
    if (start) {
      return 'since ' + start;
    }
    return end ? 'until ' + end : '';
  };

  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  // A date of which the end may be missing: "26 Sep 1969", "Sep 1969", "1969".
  exports.partialDate = function (year, month, day) {
    if (!year) {
      return '';
    }
    const parts = [year];
    if (month) {
      parts.unshift(months[month - 1]);
      if (day) {
        parts.unshift(day);
      }
    }
    return parts.join(' ');
  };

  const formats = {
    day: { day: 'numeric' },
    month: { month: 'short' },
    weekdayTime: { weekday: 'long', hour: '2-digit', minute: '2-digit' },
    date: { day: 'numeric', month: 'short', year: 'numeric' },
    full: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' },
    year: { year: 'numeric' },
  };

  exports.when = function (timestamp, form, timeZone) {
    if (!timestamp) {
      return '';
    }
    const options = Object.assign({ timeZone: timeZone }, formats[form]);
    return new Intl.DateTimeFormat('en-GB', options).format(new Date(timestamp));
  };

  exports.timeZoneName = function () {
    return Intl.DateTimeFormat().resolvedOptions().timeZone.replace(/_/g, ' ');
  };
})(typeof module === 'object' ? module.exports : (self.backoffice = self.backoffice || {}));
