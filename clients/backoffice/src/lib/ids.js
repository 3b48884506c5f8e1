// Ids that the client makes: 24 hex digits, seconds since 1970 first, so that they sort by age.
(function (exports) {
  'use strict';

  function hex(number, digits) {
    return number.toString(16).padStart(digits, '0').slice(-digits);
  }

  // random: 8 bytes.
  exports.makeId = function (now_ms, random) {
    return hex(Math.floor(now_ms / 1000), 8) + Array.from(random, (byte) => hex(byte, 2)).join('');
  };

  exports.newId = function () {
    return exports.makeId(Date.now(), self.crypto.getRandomValues(new Uint8Array(8)));
  };
})(typeof module === 'object' ? module.exports : (self.backoffice = self.backoffice || {}));
