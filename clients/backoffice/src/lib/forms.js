// The state of forms, without their views. Pure, so that Node tests it.
(function (exports) {
  'use strict';

  const { problemsOf, newId } =
    typeof module === 'object'
      ? Object.assign({}, require('./problems.js'), require('./ids.js'))
      : exports;

  // Leaves checking to the server: keeps what the server said until the next try, beside each field and
  // for the form as a whole.
  class Form {
    // labels: what each input is called, by the JSON name of its field.
    constructor(labels) {
      this.labels = labels;
      this.fields = {};
      this.message = '';
      this.busy = false;
      this.failures_count = 0; // watched by the view, which moves the focus to the first wrong field
    }

    // Answers a promise that always resolves: true when the call went well. Ignored while one is under
    // way, as on a double click.
    submit(call) {
      if (this.busy) {
        return Promise.resolve(false);
      }
      this.busy = true;
      this.fields = {};
      this.message = '';
      return call().then(
        () => this.finish(null),
        (error) => this.finish(error),
      );
    }

    finish(error) {
      this.busy = false;
      if (error) {
        const problems = problemsOf(error, this.labels);
        this.fields = problems.fields;
        this.message = problems.message;
        this.failures_count++;
      }
      return !error;
    }
  }

  // Making something new under an id of ours. When no answer came it may have been made all the same,
  // so the id stays, and "already exists" on the next try means that the first one got through.
  class Creation {
    constructor(call, newIdForTests) {
      this.call = call; // (id) => promise
      this.newId = newIdForTests || newId;
      this.id = this.newId();
      this.is_unanswered = false;
    }

    run() {
      return this.call(this.id).then(
        (answer) => {
          this.renew();
          return answer;
        },
        (error) => this.fail(error),
      );
    }

    renew() {
      this.id = this.newId();
      this.is_unanswered = false;
    }

    fail(error) {
      if (error.status === 'ALREADY_EXISTS') {
        const is_ours = this.is_unanswered;
        this.renew();
        if (is_ours) {
          return null;
        }
      }
      this.is_unanswered = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'UNKNOWN'].includes(error.status);
      throw error;
    }
  }

  exports.Form = Form;
  exports.Creation = Creation;
})(typeof module === 'object' ? module.exports : (self.backoffice = self.backoffice || {}));
