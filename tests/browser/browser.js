// Chromium on a running server that has the demo data: real clicks and keys, on a desk and on a phone.
// TAP on stdout.
// usage: node browser.js BASE_URL [FOLDER_FOR_SCREENSHOTS]
'use strict';

const { Tap } = require('./tap');
const { Visitor } = require('./visitor');
const chromium = require('./chromium');
const demo = require('./demo');
const backoffice = require('./backoffice_scenarios');
const landing = require('./landing_scenarios');

// Every page as it looks on both sizes.
const views = {
  async login(visitor) {
    await visitor.go('/');
    await visitor.see('h1', 'Sign in');
  },
  async org(visitor) {
    await backoffice.enter(visitor, '/');
    await visitor.see('h1', demo.org);
  },
  async campaign(visitor) {
    await backoffice.enter(visitor, backoffice.campaignPath);
    await visitor.see('#past .concert', demo.pastVenue);
  },
  async 'new-campaign'(visitor) {
    await backoffice.enter(visitor, `/#/home/org/${demo.orgId}/campaigns/new`);
    await visitor.see('h1', 'New campaign');
  },
  async artists(visitor) {
    await backoffice.enter(visitor, '/#/artists?fromYear=1900');
    await visitor.see('#found .artist', demo.artist);
  },
  async artist(visitor) {
    await backoffice.enter(visitor, `/#/artists?query=${demo.artistWords}`);
    await visitor.click('#found .card-link');
    await visitor.see('.releases td', demo.release);
  },
  async landing(visitor) {
    await visitor.go(landing.page);
    await visitor.see('.concert', demo.upcomingVenue);
  },
};

async function visit(browser, base, size, folder, name, scenario) {
  const visitor = await Visitor.arrive(browser, base, size);
  try {
    await scenario(visitor);
  } catch (error) {
    await visitor.photograph(folder, `failed-${name}`).catch(() => {});
    error.message += `\ntroubles: ${JSON.stringify(visitor.troubles.concat(visitor.refusals))}`;
    throw error;
  } finally {
    await visitor.leave();
  }
}

async function run(base, folder, tap) {
  const browser = await chromium.launch();
  try {
    const scenarios = Object.assign({}, backoffice.scenarios, landing.scenarios);
    for (const name of Object.keys(scenarios)) {
      await tap.check(name, () =>
        visit(browser, base, 'desk', folder, name.replace(/\W+/g, '-'), scenarios[name]));
    }
    for (const size of ['desk', 'phone']) {
      for (const name of Object.keys(views)) {
        await tap.check(`${name} fits a ${size}, and all of it has names`, () =>
          visit(browser, base, size, folder, name, async (visitor) => {
            await views[name](visitor);
            await visitor.photograph(folder, name);
            await visitor.checkPage();
            visitor.checkTroubles();
          }));
      }
    }
  } finally {
    await browser.close();
  }
}

module.exports = { run };

if (require.main === module) {
  const [base, folder] = process.argv.slice(2);
  if (!base) {
    console.error('usage: node browser.js BASE_URL [FOLDER_FOR_SCREENSHOTS]');
    process.exit(2);
  }
  const tap = new Tap();
  run(base.replace(/\/$/, ''), folder, tap).then(() => tap.end());
}
