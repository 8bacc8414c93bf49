// jsforce.mjs URL: reads a Salesforce emulator with jsforce, and compares with what it holds.
import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import jsforce from 'jsforce';

const url = process.argv[2];
const ask = async (path) => (await fetch(`${url}/_admin/${path}`)).json();
const credentials = await ask('credentials');
const truth = await ask('truth');

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = {
  iss: credentials.client_id,
  sub: credentials.username,
  aud: url,
  exp: Math.floor(Date.now() / 1000) + 180,
};
const signed = `${base64({ alg: 'RS256' })}.${base64(claims)}`;
const signature = createSign('RSA-SHA256').update(signed).sign(credentials.private_key, 'base64url');

const oauth2 = {
  loginUrl: url,
  clientId: credentials.client_id,
  clientSecret: credentials.client_secret,
};
const connection = new jsforce.Connection({ loginUrl: url, instanceUrl: url, oauth2, version: '62.0' });
await connection.authorize({
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  assertion: `${signed}.${signature}`,
});
assert.equal(connection.instanceUrl, url);
assert.equal((await connection.identity()).username, credentials.username);
assert.ok((await connection.limits()).DailyApiRequests.Max > 0);

const { sobjects } = await connection.describeGlobal();
assert.ok(sobjects.some((it) => it.name === 'OpportunityFieldHistory'));
const { fields } = await connection.sobject('Opportunity').describe();
assert.equal(fields.find((it) => it.name === 'Amount').type, 'currency');
assert.ok(fields.find((it) => it.name === 'Region__c').custom);

const fieldList = 'Id, Name, StageName, Amount, CloseDate, IsWon, CurrencyIsoCode, Account.Name, Owner.Name, Owner.UserRole.Name';
const read = async (options = {}) => {
  const found = [];
  await new Promise((resolve, reject) => {
    connection
      .query(`SELECT ${fieldList} FROM Opportunity ORDER BY SystemModstamp, Id`, {
        autoFetch: true,
        maxFetch: 1e6,
        ...options,
      })
      .on('record', (record) => found.push(record))
      .on('end', resolve)
      .on('error', reject)
      .run();
  });
  return found;
};
const amount = (value) => (value === null || value === '' ? null : Number(value).toFixed(2));
const rows = (records) =>
  new Map(
    records.map((it) => [
      it.Id,
      [it.Name, it.StageName, amount(it.Amount), it.CloseDate, it.CurrencyIsoCode,
        it.Account?.Name ?? it['Account.Name'], it.Owner?.Name ?? it['Owner.Name'],
        it.Owner?.UserRole?.Name ?? it['Owner.UserRole.Name']],
    ]),
  );
const wanted = new Map(
  truth.deals.map((it) => [
    it.id,
    [it.name, it.stage, it.amount, it.close_date, it.currency, it.account, it.owner, it.team],
  ]),
);
assert.deepEqual(rows(await read()), wanted);
assert.equal((await read({ scanAll: true })).length, truth.deals.length + truth.deleted.length);

const { totalSize } = await connection.query('SELECT COUNT() FROM Opportunity WHERE IsWon = true');
assert.equal(totalSize, truth.deals.filter((it) => it.outcome === 'won').length);

const found = await connection
  .sobject('Opportunity')
  .find({ StageName: 'Closed Lost', Amount: { $gt: 50000 } }, 'Id, Amount')
  .sort({ Amount: -1 })
  .limit(5);
assert.equal(found.length, 5);
assert.ok(found[0].Amount >= found[4].Amount);

connection.bulk2.pollInterval = 10;
const stream = await connection.bulk2.query(`SELECT ${fieldList} FROM Opportunity`);
assert.deepEqual(rows(await stream.toArray()), wanted);

const history = await connection.query('SELECT Id FROM OpportunityHistory LIMIT 1');
assert.equal(history.records.length, 1);
await assert.rejects(connection.query('SELECT Nothing__c FROM Opportunity'), { errorCode: 'INVALID_FIELD' });
await assert.rejects(connection.query('SELECT Id FROM'), { errorCode: 'MALFORMED_QUERY' });

// jsforce renews a session by itself when the server refuses it.
const renewing = new jsforce.Connection({
  oauth2, instanceUrl: url, accessToken: 'gone', refreshToken: credentials.refresh_token, version: '62.0',
});
assert.equal((await renewing.query('SELECT COUNT() FROM User')).done, true);

// The older sign-in, by user name and password over SOAP.
const older = new jsforce.Connection({ loginUrl: url, version: '62.0' });
await older.login(credentials.username, credentials.password);
assert.ok((await older.query('SELECT Id, Name FROM UserRole')).totalSize > 0);
console.log(`jsforce: ${wanted.size} opportunities are the same by query and by bulk`);
