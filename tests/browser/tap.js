// Test results as TAP, one line each as soon as it is known.
'use strict';

class Tap {
  constructor() {
    this.count = 0;
    this.failed_count = 0;
  }

  // Runs `body`; what it throws is the reason of failure.
  async check(name, body) {
    this.count++;
    try {
      await body();
      console.log(`ok ${this.count} - ${name}`);
      return true;
    } catch (error) {
      this.failed_count++;
      console.log(`not ok ${this.count} - ${name}`);
      console.log(String((error && error.stack) || error).replace(/^/gm, '# '));
      return false;
    }
  }

  end() {
    console.log(`1..${this.count}`);
    process.exitCode = this.failed_count > 0 ? 1 : 0;
  }

  static skip(reason) {
    console.log(`1..0 # SKIP ${reason}`);
  }
}

module.exports = { Tap };
