// Starts the server on an empty store in memory with the demo data, lets Chromium at it, and ends it.
// TAP on stdout; what the server says is shown when something fails.
// usage: node run.js BANDSTAND [FOLDER_FOR_SCREENSHOTS]
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const { Tap } = require('./tap');
const chromium = require('./chromium');

const ready_ms = 20000;
const drain_ms = 35000; // calls under way get 30 s

class Server {
  constructor(program) {
    this.said = '';
    this.child = spawn(
      program,
      ['serve', '--memory', '--demo', '--http', '127.0.0.1:0', '--rpc', 'tcp://127.0.0.1:0'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.child.stderr.setEncoding('utf8');
    this.child.stderr.on('data', (text) => (this.said += text));
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve(error.message));
      this.child.on('exit', (code, signal) => resolve(signal || code));
    });
  }

  // The address of the ready line of HTTP.
  address() {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`the server ${why}; it said:\n${this.said}`));
      const timer = setTimeout(() => fail(`was not ready in ${ready_ms} ms`), ready_ms);
      const look = () => {
        const match = /^.*\bready\b.*?(http:\/\/[\w.:[\]]+)/m.exec(this.said);
        if (match) {
          clearTimeout(timer);
          resolve(match[1]);
        }
      };
      this.child.stderr.on('data', look);
      this.ended.then((status) => fail(`ended with ${status}`));
    });
  }

  // Resolves to its exit status, or the signal's name.
  stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), drain_ms);
    return this.ended.finally(() => clearTimeout(timer));
  }
}

async function main(program, folder) {
  const tap = new Tap();
  const server = new Server(program);
  try {
    let base;
    if (await tap.check('the server becomes ready', async () => (base = await server.address()))) {
      await require('./browser').run(base, folder, tap);
    }
  } finally {
    await tap.check('the server drains and exits 0', async () =>
      assert.strictEqual(await server.stop(), 0));
  }
  if (tap.failed_count > 0) {
    console.log(server.said.replace(/^/gm, '# '));
  }
  tap.end();
}

const [program, folder] = process.argv.slice(2);
if (!program) {
  console.error('usage: node run.js BANDSTAND [FOLDER_FOR_SCREENSHOTS]');
  process.exitCode = 2;
} else if (chromium.missing()) {
  Tap.skip(chromium.missing());
} else {
  main(program, folder).catch((error) => {
    console.log(`Bail out! ${error.message}`);
    process.exitCode = 1;
  });
}
