// The write rows of DataScript's own suite (bench/datascript/bench/datascript.cljc) on Node: people of
// five attributes, as PEOPLE (a JSON array of [name, lastName, sex, age, salary]) gives them.
//
// usage: node people.js ROW PEOPLE    prints the milliseconds of one run, after two that warm up
'use strict';

const fs = require('fs');
const d = require('datascript');

const ATTRIBUTES = ['name', 'last-name', 'sex', 'age', 'salary'];
const [row, file] = process.argv.slice(2);
const people = JSON.parse(fs.readFileSync(file, 'utf8'));

const entity = (person, i) => {
  const map = { ':db/id': i + 1 };
  ATTRIBUTES.forEach((attribute, j) => { map[attribute] = person[j]; });
  return map;
};

const addAll = () => d.db_with(d.empty_db(), people.map(entity));

const rows = {
  'add-1': () => {
    let db = d.empty_db();
    people.forEach((person, i) => ATTRIBUTES.forEach((attribute, j) => {
      db = d.db_with(db, [[':db/add', i + 1, attribute, person[j]]]);
    }));
    return db;
  },
  'add-5': () => {
    let db = d.empty_db();
    people.forEach((person, i) => { db = d.db_with(db, [entity(person, i)]); });
    return db;
  },
  'add-all': addAll,
  'retract-5': (full) => {
    let db = full;
    people.forEach((_, i) => { db = d.db_with(db, [[':db.fn/retractEntity', i + 1]]); });
    return db;
  },
};

const run = rows[row];
if (!run) {
  process.stderr.write(`people.js: no row ${row}: expected one of ${Object.keys(rows).join(' ')}\n`);
  process.exit(2);
}
const full = row === 'retract-5' ? addAll() : null;
let ms = 0;
for (let i = 0; i < 3; i++) {
  const started = process.hrtime.bigint();
  const db = run(full);
  ms = Number(process.hrtime.bigint() - started) / 1e6;
  const left = d.datoms(db, ':eavt').length;
  const expected = row === 'retract-5' ? 0 : people.length * ATTRIBUTES.length;
  if (left !== expected) {
    process.stderr.write(`people.js: ${row}: ${left} datoms, expected ${expected}\n`);
    process.exit(1);
  }
}
process.stdout.write(`${ms}\n`);
