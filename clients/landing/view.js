// What the page shows, from what the server answers: pure where it can be, so that Node tests it.
(function (exports) {
  'use strict';

  // "/campaign/ma2x-1/landing": the second part names the campaign; empty when there is none.
  exports.slugOf = function (path) {
    const match = /^\/campaign\/([^/]+)/.exec(path);
    return match ? decodeURIComponent(match[1]) : '';
  };

  // "?confirm=TOKEN" of the mail's link; empty when there is none.
  exports.tokenOf = function (query) {
    return new URLSearchParams(query).get('confirm') || '';
  };

  function format(options) {
    const formatter = new Intl.DateTimeFormat('en-GB', options);
    return (date) => formatter.format(date);
  }
  const day = format({ day: 'numeric' });
  const month = format({ month: 'short' });
  const weekdayTime = format({ weekday: 'long', hour: '2-digit', minute: '2-digit' });
  const full = format({ dateStyle: 'full', timeStyle: 'short' });
  const year = format({ year: 'numeric' });

  // The year is empty when it is the current one.
  exports.dateWords = function (timestamp, now) {
    const date = new Date(timestamp);
    return {
      day: day(date),
      month: month(date),
      year: year(date) === year(now) ? '' : year(date),
      weekdayTime: weekdayTime(date),
      full: full(date),
    };
  };

  // What can be told without asking the server: saves the fan a wait. The server has the last word.
  exports.checkForm = function (values) {
    const errors = {};
    if (!values.email) {
      errors.email = 'Please enter your e-mail address.';
    } else if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(values.email)) {
      errors.email = 'This does not look like an e-mail address: expected name@example.org.';
    }
    if (!values.consent) {
      errors.consent = 'Please tick the box: without your consent no mail can be sent.';
    }
    return errors;
  };

  function sentence(text) {
    const upper = text.charAt(0).toUpperCase() + text.slice(1);
    return /[.!?]$/.test(upper) ? upper : upper + '.';
  }

  // {email, name, form}: what the server refused, by input; `form` is what belongs to none.
  exports.errorsOf = function (error) {
    const broken = error.fieldErrors || {};
    const errors = {};
    for (const field of ['email', 'name']) {
      if (broken[field]) {
        errors[field] = sentence(broken[field]);
      }
    }
    if (Object.keys(errors).length === 0) {
      errors.form = exports.messageOf(error);
    }
    return errors;
  };

  const messages = {
    NOT_FOUND: 'This campaign is not public (any more).',
    UNAVAILABLE: 'The server can’t be reached. Check your connection and try again.',
    RESOURCE_EXHAUSTED: 'Many people are here at the moment. Please try again in a minute.',
  };

  exports.messageOf = function (error) {
    return messages[error.status] || 'Something went wrong. Please try again.';
  };
})(typeof module === 'object' ? module.exports : (self.landing = self.landing || {}));
