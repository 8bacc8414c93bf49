// hubspot.mjs URL: reads a HubSpot emulator with @hubspot/api-client, and compares with what it holds.
import assert from 'node:assert/strict';
import { Client } from '@hubspot/api-client';

const url = process.argv[2];
const ask = async (path) => (await fetch(`${url}/_admin/${path}`)).json();
const credentials = await ask('credentials');
const truth = await ask('truth');

const client = new Client({ basePath: url, accessToken: credentials.access_token });
const properties = ['dealname', 'amount', 'dealstage', 'closedate', 'deal_currency_code', 'hubspot_owner_id'];
const deals = await client.crm.deals.getAll(50, undefined, properties, ['dealstage'], ['companies']);

const pipelines = (await client.crm.pipelines.pipelinesApi.getAll('deals')).results;
assert.equal(pipelines.length, 2);
const stages = new Map(pipelines.flatMap((it) => it.stages.map((stage) => [stage.id, stage.label])));
const owners = new Map();
for (const archived of [false, true]) {
  const page = await client.crm.owners.ownersApi.getPage(undefined, undefined, 500, archived);
  page.results.forEach((it) => owners.set(it.id, `${it.firstName} ${it.lastName}`));
}
const known = await client.crm.properties.coreApi.getAll('deals');
assert.equal(known.results.find((it) => it.name === 'closedate').type, 'datetime');

const ids = [...new Set(deals.map((it) => it.associations.companies.results[0].id))];
const companies = new Map();
for (let from = 0; from < ids.length; from += 100) {
  const inputs = ids.slice(from, from + 100).map((id) => ({ id }));
  const batch = await client.crm.companies.batchApi.read({ inputs, properties: ['name'], propertiesWithHistory: [] });
  batch.results.forEach((it) => companies.set(it.id, it.properties.name));
}
const amount = (value) => (value === null ? null : Number(value).toFixed(2));
const rows = new Map(
  deals.map((it) => [
    it.id,
    [it.properties.dealname, amount(it.properties.amount), stages.get(it.properties.dealstage),
      it.properties.closedate.slice(0, 10), it.properties.deal_currency_code,
      owners.get(it.properties.hubspot_owner_id),
      companies.get(it.associations.companies.results[0].id),
      it.propertiesWithHistory.dealstage.map((entry) => stages.get(entry.value)).reverse()],
  ]),
);
const wanted = new Map(
  truth.deals.map((it) => [
    it.id,
    [it.name, it.amount, it.stage, it.close_date, it.currency, it.owner, it.account,
      it.stages.map(([, stage]) => stage)],
  ]),
);
assert.deepEqual(rows, wanted);

const archived = await client.crm.deals.getAll(100, undefined, ['dealname'], undefined, undefined, true);
assert.deepEqual(new Set(archived.map((it) => it.id)), new Set(truth.deleted));

const search = (body) => client.crm.deals.searchApi.doSearch({ limit: 200, properties: ['hs_object_id'], ...body });
const won = await search({
  filterGroups: [{ filters: [{ propertyName: 'hs_is_closed_won', operator: 'EQ', value: 'true' }] }],
  sorts: ['-hs_lastmodifieddate'],
});
assert.equal(won.total, truth.deals.filter((it) => it.outcome === 'won').length);
assert.equal(won.results.length, Math.min(200, won.total));
assert.equal(won.paging?.next?.after, won.total > 200 ? '200' : undefined);
await assert.rejects(search({ after: '10000' }), (error) => error.code === 400);

if (truth.merged.length > 0) {
  const [gone, remains] = truth.merged[0];
  const merged = await client.crm.deals.basicApi.getById(gone, ['hs_merged_object_ids']);
  const survivors = new Map(truth.merged);
  let last = remains;
  while (survivors.has(last)) last = survivors.get(last);
  assert.equal(merged.id, last);
}
const links = await client.crm.associations.v4.basicApi.getPage('deals', deals[0].id, 'companies');
assert.equal(String(links.results[0].toObjectId), deals[0].associations.companies.results[0].id);

const token = await client.oauth.tokensApi.create(
  'refresh_token', undefined, undefined, credentials.client_id, credentials.client_secret, credentials.refresh_token,
);
const renewed = new Client({ basePath: url, accessToken: token.accessToken });
assert.equal((await renewed.crm.deals.basicApi.getPage(1)).results.length, 1);
await assert.rejects(
  new Client({ basePath: url, accessToken: 'wrong' }).crm.deals.basicApi.getPage(1),
  (error) => error.code === 401,
);
console.log(`@hubspot/api-client: ${wanted.size} deals are the same`);
