// The parts of the landing page that need no browser.
'use strict';

const assert = require('assert');
const test = require('node:test');
const { slugOf, tokenOf, checkForm, dateWords, errorsOf } = require('../../clients/landing/view.js');

const slugs = [
  ['/campaign/ma2x-1/landing', 'ma2x-1'],
  ['/campaign/ma2x', 'ma2x'],
  ['/campaign/caf%C3%A9/landing', 'café'],
  ['/c/ma2x', ''],
];
for (const [path, slug] of slugs) {
  test(`the slug of ${path} is "${slug}"`, () => assert.strictEqual(slugOf(path), slug));
}

test('the mail’s link carries the token', () => {
  assert.strictEqual(tokenOf('?confirm=a-b_c'), 'a-b_c');
  assert.strictEqual(tokenOf('?utm_source=x'), '');
});

const forms = [
  ['', false, ['consent', 'email']],
  ['joe', true, ['email']],
  ['joe@home', true, ['email']],
  ['joe@example.org', false, ['consent']],
  ['joe@example.org', true, []],
];
for (const [email, consent, wrong] of forms) {
  test(`"${email}" with consent ${consent}: wrong are ${wrong.join(' and ') || 'none'}`, () => {
    assert.deepStrictEqual(Object.keys(checkForm({ email, consent })).sort(), wrong);
  });
}

test('what the server refuses stands beside its input', () => {
  const error = { status: 'INVALID_ARGUMENT', fieldErrors: { email: 'expected an address, got "x"' } };
  assert.deepStrictEqual(errorsOf(error), { email: 'Expected an address, got "x".' });
});

test('what belongs to no input stands below the form', () => {
  const error = { status: 'INVALID_ARGUMENT', fieldErrors: { slug: 'is required' } };
  assert.deepStrictEqual(Object.keys(errorsOf(error)), ['form']);
});

test('a date tells its year only when it is another one', () => {
  const now = new Date('2026-11-23T12:00:00Z');
  assert.strictEqual(dateWords('2026-12-12T12:00:00Z', now).year, '');
  assert.strictEqual(dateWords('2027-01-15T12:00:00Z', now).year, '2027');
});
