// What went wrong, said to people: which field's input each of the server's violations belongs to, and
// the words beside it. Pure, so that Node tests it.
(function (exports) {
  'use strict';

  // A violation names a path ("concerts[2].startsAt"); the form may know a part of it only.
  function fieldOf(path, labels) {
    let known = path;
    while (known && !(known in labels)) {
      known = known.replace(/(^|\.)[^.[]*$|\[[^\]]*\]$/, '');
    }
    return known;
  }

  function sentence(text) {
    const trimmed = text.trim();
    const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
    return /[.!?]$/.test(first) ? first : first + '.';
  }

  // "is required" needs what it speaks of; "expected an address" stands alone.
  function violationText(description, label) {
    return /^(is|must|has)\b/.test(description)
      ? sentence(label + ' ' + description)
      : sentence(description);
  }

  const kinds = {
    UNAVAILABLE: 'The server can’t be reached. Check your connection and try again.',
    DEADLINE_EXCEEDED: 'The server took too long to answer. Please try again.',
    RESOURCE_EXHAUSTED: 'The server is busy. Please wait a moment and try again.',
    INTERNAL: 'Something went wrong on the server. Please try again.',
    UNKNOWN: 'Something went wrong on the server. Please try again.',
  };

  // One line for a whole page or form.
  function messageOf(error) {
    if (error.status === 'PERMISSION_DENIED') {
      return 'You may not do this: ' + error.message;
    }
    return kinds[error.status] || sentence(error.message || 'something went wrong');
  }

  // labels: {venueName: 'Venue'}, by the paths of the form's inputs. Answers {fields, message}: what to
  // show beside each input, and what belongs to none of them.
  function problemsOf(error, labels) {
    const fields = {};
    const others = [];
    const violations = error.fieldErrors || {};
    for (const path of Object.keys(violations)) {
      const field = fieldOf(path, labels);
      if (field) {
        fields[field] = fields[field] || violationText(violations[path], labels[field]);
      } else {
        others.push(violationText(violations[path], path));
      }
    }
    if (others.length > 0) {
      return { fields, message: others.join(' ') };
    }
    const covered = Object.keys(fields).length > 0;
    return { fields, message: covered ? '' : messageOf(error) };
  }

  exports.problemsOf = problemsOf;
  exports.messageOf = messageOf;
})(typeof module === 'object' ? module.exports : (self.backoffice = self.backoffice || {}));
