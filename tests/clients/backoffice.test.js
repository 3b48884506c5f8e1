// The parts of the back office that need no browser.
'use strict';

const assert = require('assert');
const test = require('node:test');
const lib = (name) => require(`../../clients/backoffice/src/lib/${name}.js`);
const { problemsOf, messageOf } = lib('problems');
const { makeId } = lib('ids');
const { Form, Creation } = lib('forms');
const words = lib('words');

const labels = { venueName: 'Venue', time: 'Date and time', concerts: 'Concerts' };
const broken = (fieldErrors) => ({ status: 'INVALID_ARGUMENT', message: 'not valid', fieldErrors });

const violations = [
  ['is required', 'Venue is required.'],
  ['has a control character', 'Venue has a control character.'],
  ['expected at most 120 characters, got 121', 'Expected at most 120 characters, got 121.'],
];
for (const [description, expected] of violations) {
  test(`violation "${description}" reads "${expected}"`, () => {
    const problems = problemsOf(broken({ venueName: description }), labels);
    assert.deepStrictEqual(problems, { fields: { venueName: expected }, message: '' });
  });
}

const paths = [
  ['time', 'time'],
  ['time.seconds', 'time'],
  ['concerts[2].startsAt', 'concerts'],
  ['concerts[2]', 'concerts'],
];
for (const [path, field] of paths) {
  test(`a violation of ${path} stands beside ${field}`, () => {
    const problems = problemsOf(broken({ [path]: 'expected a time' }), labels);
    assert.deepStrictEqual(problems.fields, { [field]: 'Expected a time.' });
  });
}

test('a violation of no input of the form is told for the whole form', () => {
  const problems = problemsOf(broken({ campaignId: 'is required', time: 'is required' }), labels);
  assert.deepStrictEqual(problems.fields, { time: 'Date and time is required.' });
  assert.strictEqual(problems.message, 'CampaignId is required.');
});

test('an error without violations is told for the whole form', () => {
  const problems = problemsOf({ status: 'ALREADY_EXISTS', message: 'id 1 is taken', fieldErrors: {} }, labels);
  assert.deepStrictEqual(problems, { fields: {}, message: 'Id 1 is taken.' });
});

test('an error of the network is told in words of ours', () => {
  assert.match(messageOf({ status: 'UNAVAILABLE', message: 'the server was not reached' }), /connection/);
});

test('an id has the seconds first and 24 digits in all', () => {
  const random = Uint8Array.from([0, 1, 2, 3, 4, 5, 254, 255]);
  assert.strictEqual(makeId(1441038783000, random), '55e481bf000102030405feff');
});

const taken = { status: 'ALREADY_EXISTS', message: 'the id is taken', fieldErrors: {} };
const lost = { status: 'UNAVAILABLE', message: 'the server was not reached', fieldErrors: {} };

function creationAnswering(answers) {
  let made_count = 0;
  const sent = [];
  const creation = new Creation(
    (id) => {
      sent.push(id);
      const answer = answers.shift();
      return answer.status ? Promise.reject(answer) : Promise.resolve(answer);
    },
    () => `id${++made_count}`,
  );
  return { creation, sent };
}

test('after a lost answer the same id is sent again, and "taken" means made', async () => {
  const { creation, sent } = creationAnswering([lost, taken, {}]);
  await assert.rejects(creation.run(), (error) => error === lost);
  await creation.run();
  await creation.run();
  assert.deepStrictEqual(sent, ['id1', 'id1', 'id2']);
});

test('"taken" at once is an error, and the next try has another id', async () => {
  const { creation, sent } = creationAnswering([taken, {}]);
  await assert.rejects(creation.run(), (error) => error === taken);
  await creation.run();
  assert.deepStrictEqual(sent, ['id1', 'id2']);
});

test('a form sends once at a time and forgets what was wrong before', async () => {
  const form = new Form(labels);
  assert.strictEqual(await form.submit(() => Promise.reject(broken({ time: 'is required' }))), false);
  assert.strictEqual(form.fields.time, 'Date and time is required.');
  let answer;
  const first = form.submit(() => new Promise((resolve) => (answer = resolve)));
  assert.deepStrictEqual(form.fields, {});
  assert.strictEqual(await form.submit(() => assert.fail('sent twice')), false);
  answer({});
  assert.strictEqual(await first, true);
});

const years = [
  [1960, 1970, '1960–1970'],
  [1970, 1970, '1970'],
  [1983, 0, 'since 1983'],
  [0, 1991, 'until 1991'],
  [0, 0, ''],
];
for (const [start, end, expected] of years) {
  test(`years ${start} and ${end} read "${expected}"`, () => {
    assert.strictEqual(words.years(start, end), expected);
  });
}

const dates = [
  [1969, 9, 26, '26 Sep 1969'],
  [1969, 9, 0, 'Sep 1969'],
  [1969, 0, 26, '1969'],
  [0, 9, 26, ''],
];
for (const [year, month, day, expected] of dates) {
  test(`date ${year}-${month}-${day} reads "${expected}"`, () => {
    assert.strictEqual(words.partialDate(year, month, day), expected);
  });
}

test('a count that came as a string takes its word', () => {
  assert.strictEqual(words.count('1', 'fan', 'fans'), '1 fan');
  assert.strictEqual(words.count('12840', 'fan', 'fans'), '12,840 fans');
  assert.strictEqual(words.count(undefined, 'fan', 'fans'), '0 fans');
});

test('a time is told in the zone of who reads it', () => {
  assert.strictEqual(words.when('2027-03-04T19:30:00Z', 'weekdayTime', 'Europe/Paris'), 'Thursday 20:30');
});
