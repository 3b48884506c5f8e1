// Starts the machine's Chromium, without a window.
'use strict';

const fs = require('fs');
const path = require('path');

function findInPath(names) {
  for (const folder of (process.env.PATH || '').split(path.delimiter)) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (fs.existsSync(file)) {
        return file;
      }
    }
  }
  return null;
}

function findChromium() {
  return process.env.CHROMIUM || findInPath(['chromium', 'chromium-browser', 'google-chrome']);
}

// Why no browser can be started; empty when one can.
function missing() {
  try {
    require.resolve('puppeteer-core');
  } catch (error) {
    return 'puppeteer-core is not installed: run tools/setup';
  }
  return findChromium() ? '' : 'no chromium in PATH: run tools/setup';
}

function launch() {
  const args = ['--lang=en-US', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run'];
  if (process.getuid() === 0) {
    args.push('--no-sandbox'); // root's Chromium has none
  }
  return require('puppeteer-core').launch({ executablePath: findChromium(), headless: true, args });
}

module.exports = { launch, missing };
