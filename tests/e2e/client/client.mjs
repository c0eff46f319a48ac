// SPDX-License-Identifier: Apache-2.0
// The official Elasticsearch client against a server: node client.mjs URL USER PASSWORD.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(process.env.WEIR_CLIENT + '/package.json');
const { Client, errors } = require('@elastic/elasticsearch');

const [url, username, password] = process.argv.slice(2);
const client = new Client({ node: url, auth: { username, password }, maxRetries: 0 });

async function refused(status, type, call) {
  try {
    await call();
  } catch (error) {
    assert(error instanceof errors.ResponseError, `an answer of the server, not ${error}`);
    assert.equal(error.statusCode, status);
    assert.equal(error.body.error.type, type);
    return;
  }
  assert.fail(`expected ${status} ${type}`);
}

async function greet() {
  const info = await client.info();
  assert.match(info.version.number, /^8\./);
  assert.equal((await client.cluster.health()).status, 'green');
  assert.equal((await client.license.get()).license.status, 'active');
  assert.equal((await client.security.authenticate()).username, username);
  assert(await client.ping());
}

const BASE = Date.UTC(2026, 0, 1);
const flows = Array.from({ length: 2000 }, (_, i) => ({
  '@timestamp': new Date(BASE + i * 30000).toISOString(),
  event: { dataset: 'client.flow', category: ['network'] },
  source: { ip: `10.0.0.${i % 20}`, bytes: (i % 20) * 100 + 1 },
  destination: { port: i % 3 === 0 ? 443 : 53 },
  message: `flow ${i}`,
}));

async function write() {
  const done = await client.helpers.bulk({
    datasource: flows,
    flushBytes: 100000,
    onDocument: () => ({ create: { _index: 'logs-client.flow-default' } }),
  });
  assert.equal(done.successful, flows.length);
  assert.equal(done.failed, 0);
  const mixed = await client.bulk({
    operations: [
      { index: { _index: 'client-own', _id: 'first' } },
      { '@timestamp': '2026-01-01T00:00:00Z', message: 'one' },
      { create: { _index: 'client-own' } },
      { '@timestamp': 'no time' },
      { delete: { _index: 'client-own', _id: 'first' } },
    ],
  });
  assert.equal(mixed.errors, true);
  assert.deepEqual(mixed.items.map((item) => Object.values(item)[0].status), [201, 400, 400]);
  const one = await client.index({ index: 'client-own', id: 'second', document: { message: 'two' } });
  assert.equal(one.result, 'created');
  assert.equal(one._id, 'second');
  await refused(400, 'invalid_index_name_exception', () => client.index({ index: 'Client', document: {} }));
}

// What has an id is there once, however often it is sent.
async function repeat() {
  const index = 'logs-client.ids-default';
  const document = { '@timestamp': '2026-01-01T00:00:00Z', message: 'one' };
  assert.equal((await client.create({ index, id: 'one', document })).result, 'created');
  await refused(409, 'version_conflict_engine_exception', () => client.create({ index, id: 'one', document }));
  await refused(409, 'version_conflict_engine_exception',
    () => client.index({ index, id: 'one', op_type: 'create', document: { message: 'two' } }));
  assert.equal((await client.index({ index, id: 'one', document })).result, 'updated');
  for (const round of [0, 1]) {
    const conflicts = [];
    const done = await client.helpers.bulk({
      datasource: flows,
      flushBytes: 100000,
      retries: 0,
      onDocument: (flow) => ({ create: { _index: index, _id: flow.message } }),
      onDrop: ({ status, error }) => conflicts.push(`${status} ${error.type}`),
    });
    assert.equal(done.successful, round === 0 ? flows.length : 0);
    assert.equal(done.failed, round === 0 ? 0 : flows.length);
    assert(conflicts.every((c) => c === '409 version_conflict_engine_exception'), conflicts[0]);
    assert.equal((await client.count({ index })).count, flows.length + 1);
  }
  const kept = await client.get({ index, id: 'flow 7' });
  assert.equal(kept._source.source.ip, '10.0.0.7');
}

async function setUp() {
  const name = 'beat-8.19.0';
  assert.equal(await client.indices.existsIndexTemplate({ name }), false);
  const put = { name, index_patterns: ['beat-*'], data_stream: {}, template: { settings: {} } };
  assert.equal((await client.indices.putIndexTemplate(put)).acknowledged, true);
  assert.equal(await client.indices.existsIndexTemplate({ name }), true);
  assert.equal((await client.indices.getIndexTemplate({ name })).index_templates[0].name, name);
  assert.equal((await client.ilm.putLifecycle({ name, policy: { phases: {} } })).acknowledged, true);
  assert.equal((await client.indices.createDataStream({ name })).acknowledged, true);
  await refused(404, 'resource_not_found_exception', () => client.ingest.getPipeline({ id: 'none' }));
}

async function search() {
  const index = 'logs-client.flow-*';
  const all = await client.count({ index });
  assert.equal(all.count, flows.length);
  const newest = await client.search({
    index,
    size: 3,
    query: { bool: { filter: [{ term: { 'destination.port': 443 } }] } },
    sort: [{ '@timestamp': 'desc' }],
    _source: ['message'],
  });
  const expected = flows.filter((f) => f.destination.port === 443).reverse();
  assert.deepEqual(newest.hits.total, { value: expected.length, relation: 'eq' });
  assert.deepEqual(newest.hits.hits.map((hit) => hit._source.message), expected.slice(0, 3).map((f) => f.message));
  const next = await client.search({
    index,
    size: 3,
    query: { term: { 'destination.port': 443 } },
    sort: [{ '@timestamp': 'desc' }],
    search_after: newest.hits.hits[2].sort,
  });
  assert.equal(next.hits.hits[0]._source.message, expected[3].message);
  const hit = newest.hits.hits[0];
  const same = await client.get({ index: hit._index, id: hit._id });
  assert.equal(same._source.message, expected[0].message);
  assert.equal((await client.get({ index: 'client-own', id: 'second' }))._source.message, 'two');
  await refused404(() => client.get({ index: 'client-own', id: 'none' }));
  await refused(404, 'index_not_found_exception', () => client.search({ index: 'nowhere' }));
  await refused(400, 'parsing_exception', () => client.search({ index, query: { nonsense: {} } }));
  assert.equal(await client.indices.exists({ index: 'client-own' }), true);
  assert.equal(await client.indices.exists({ index: 'nowhere' }), false);
  const caps = await client.fieldCaps({ index, fields: 'source.*' });
  assert(caps.fields['source.ip'].ip.searchable);
  const many = await client.msearch({ searches: [{ index }, { size: 0 }, { index: 'nowhere' }, {}] });
  assert.deepEqual(many.responses.map((r) => r.status), [200, 404]);
}

// A document that is not there is an answer with found: false, not an error of Elasticsearch's form.
async function refused404(call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.statusCode, 404);
    assert.equal(error.body.found, false);
    return;
  }
  assert.fail('expected 404');
}

async function aggregate() {
  const index = 'logs-client.flow-default';
  const answer = await client.search({
    index,
    size: 0,
    aggs: {
      talkers: {
        terms: { field: 'source.ip', size: 2, order: { bytes: 'desc' } },
        aggs: { bytes: { sum: { field: 'source.bytes' } }, ports: { cardinality: { field: 'destination.port' } } },
      },
      hours: { date_histogram: { field: '@timestamp', fixed_interval: '1h' } },
      spread: { percentiles: { field: 'source.bytes', percents: [50, 100] } },
      dns: { filter: { term: { 'destination.port': 53 } }, aggs: { mean: { avg: { field: 'source.bytes' } } } },
    },
  });
  const { talkers, hours, spread, dns } = answer.aggregations;
  const sum = (list) => list.reduce((total, f) => total + f.source.bytes, 0);
  const of = (ip) => flows.filter((f) => f.source.ip === ip);
  assert.deepEqual(talkers.buckets.map((b) => b.key), ['10.0.0.19', '10.0.0.18']);
  assert.equal(talkers.buckets[0].bytes.value, sum(of('10.0.0.19')));
  assert.equal(talkers.buckets[0].ports.value, 2);
  assert.equal(talkers.sum_other_doc_count, flows.length - 2 * of('10.0.0.19').length);
  assert.deepEqual(hours.buckets.slice(0, 2).map((b) => b.doc_count), [120, 120]);
  assert.equal(hours.buckets[0].key, BASE);
  assert.equal(spread.values['100.0'], 1901);
  const dnsFlows = flows.filter((f) => f.destination.port === 53);
  assert.equal(dns.doc_count, dnsFlows.length);
  assert(Math.abs(dns.mean.value - sum(dnsFlows) / dnsFlows.length) < 1e-6);
}

async function page() {
  const index = 'logs-client.flow-*';
  const found = await client.search({
    index,
    size: 2,
    query: { bool: { filter: [{ term: { 'destination.port': 443 } }, { range: { 'source.bytes': { gte: 1000 } } }] } },
    sort: [{ 'source.bytes': 'desc' }, { '@timestamp': 'asc' }],
    _source: ['source.*'],
    aggs: {
      talkers: {
        terms: { field: 'source.ip', size: 3, order: { bytes: 'desc' } },
        aggs: {
          bytes: { sum: { field: 'source.bytes' } },
          hours: { date_histogram: { field: '@timestamp', fixed_interval: '6h', time_zone: 'Europe/Berlin' } },
          last: { top_hits: { size: 1, sort: [{ '@timestamp': 'desc' }], _source: ['message'] } },
        },
      },
      ports: { cardinality: { field: 'destination.port' } },
    },
  });
  const wanted = flows.filter((f) => f.destination.port === 443 && f.source.bytes >= 1000);
  assert.equal(found.hits.total.value, wanted.length);
  assert.deepEqual(found.hits.hits.map((h) => h._source), Array(2).fill({ source: { bytes: 1901, ip: '10.0.0.19' } }));
  const top = found.aggregations.talkers.buckets[0];
  assert.equal(top.key, '10.0.0.19');
  assert.equal(top.bytes.value, 1901 * top.doc_count);
  assert.equal(top.hours.buckets.reduce((n, b) => n + b.doc_count, 0), top.doc_count);
  const last = flows.findLast((f) => f.source.ip === '10.0.0.19' && f.destination.port === 443);
  assert.equal(top.last.hits.hits[0]._source.message, last.message);
  assert.equal(found.aggregations.ports.value, 1);

  // Pages by search_after are all events, each once.
  const seen = new Set();
  for (let search_after; ; ) {
    const page = await client.search({ index, size: 700, sort: [{ 'source.bytes': 'asc' }, '_doc'], search_after });
    if (page.hits.hits.length === 0) break;
    page.hits.hits.forEach((h) => seen.add(h._source.message));
    search_after = page.hits.hits.at(-1).sort;
  }
  assert.equal(seen.size, flows.length);

  // And those of a scroll and of a point in time, whatever comes meanwhile.
  const all = 'logs-client.flow-*';
  const scrolled = new Set();
  for await (const page of client.helpers.scrollSearch({ index: all, size: 700, sort: ['source.bytes'] })) {
    page.documents.forEach((doc) => scrolled.add(doc.message));
    assert.equal(page.body.hits.total.value, flows.length);
    const late = { '@timestamp': new Date().toISOString(), message: `late ${scrolled.size}` };
    await client.index({ index: 'logs-client.flow-late', document: late });
  }
  assert.equal(scrolled.size, flows.length);
  let documents = 0;
  for await (const doc of client.helpers.scrollDocuments({ index: 'logs-client.flow-default', size: 900 })) {
    assert(doc.message.length > 0);
    documents++;
  }
  assert.equal(documents, flows.length);
  const pit = await client.openPointInTime({ index: all, keep_alive: '1m' });
  const { count } = await client.count({ index: all });
  await client.index({ index: 'logs-client.flow-late', document: { message: 'later' } });
  let moment = 0;
  for (let search_after; ; ) {
    const page = await client.search({
      pit: { id: pit.id, keep_alive: '1m' },
      size: 800,
      sort: ['source.bytes'],
      search_after,
    });
    moment += page.hits.hits.length;
    if (page.hits.hits.length === 0) break;
    search_after = page.hits.hits.at(-1).sort;
  }
  assert.equal(moment, count);
  assert.equal((await client.closePointInTime({ id: pit.id })).num_freed, 1);
  await refused(404, 'search_context_missing_exception', () => client.search({ pit: { id: pit.id } }));
  await refused(404, 'search_context_missing_exception', () => client.scroll({ scroll_id: 'none' }));

  // So are pages of a composite aggregation.
  let groups = 0;
  for (let after; ; ) {
    const sources = [{ ip: { terms: { field: 'source.ip' } } }, { port: { terms: { field: 'destination.port' } } }];
    const page = (await client.search({ index, size: 0, aggs: { c: { composite: { size: 7, sources, after } } } }))
      .aggregations.c;
    groups += page.buckets.reduce((n, b) => n + b.doc_count, 0);
    if (page.buckets.length === 0) break;
    after = page.after_key;
  }
  assert.equal(groups, flows.length);

  assert.equal((await client.count({ index, q: 'destination.port:53' })).count, flows.length - 667);
  const caps = await client.fieldCaps({ index, fields: 'source.*' });
  assert.equal(caps.fields['source.ip'].ip.aggregatable, true);
  assert.equal((await client.get({ index: 'client-own', id: 'second' }))._source.message, 'two');
  assert.equal(await client.exists({ index: 'client-own', id: 'third' }), false);
  await refused(404, 'index_not_found_exception', () => client.search({ index: 'logs-none-default' }));
  await refused(400, 'illegal_argument_exception', () =>
    client.search({ index, aggs: { t: { terms: { field: 'message' } } } }),
  );
  await refused(400, 'parsing_exception', () => client.search({ index, aggs: { t: { nonsense: {} } } }));
}

// Names with a date in them, as ingest pipelines and shippers write them.
async function dated() {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '.');
  const made = await client.index({ index: '<logs-client.day-{now/d}>', document: { message: 'm' } });
  assert.equal(made._index, `logs-client.day-${day}`);
  const bulk = await client.bulk({
    operations: [{ create: { _index: '<logs-client.day-{now/d{yyyy.MM.dd}}>' } }, { message: 'n' }],
  });
  assert.equal(bulk.items[0].create._index, made._index);
  assert.equal((await client.count({ index: '<logs-client.day-{now/d}>' })).count, 2);
  const found = await client.search({ index: '<logs-client.day-{now-1d/d}>,<logs-client.day-{now/d}>', ignore_unavailable: true });
  assert.equal(found.hits.total.value, 2);
}

// Three days of five events a minute, and a hundred times as many in one quarter of an hour of the last.
const START = Date.UTC(2026, 1, 2);
const MINUTES = 3 * 24 * 60;
const SPIKE = START + (2 * 24 * 60 + 600) * 60000;

function* counted() {
  for (let minute = 0; minute < MINUTES; minute++) {
    const at = START + minute * 60000;
    const busy = at >= SPIKE && at < SPIKE + 15 * 60000;
    for (let i = 0; i < (busy ? 500 : 4 + (minute * 7) % 3); i++) {
      yield { '@timestamp': new Date(at + i * 100).toISOString(), source: { ip: busy ? '10.9.9.9' : `10.1.0.${i}` } };
    }
  }
}

async function until(what, seconds = 60) {
  for (let i = 0; i < seconds * 5; i++) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(`not within ${seconds} seconds: ${what}`);
}

async function learn() {
  const job_id = 'client_count';
  const datafeed_id = 'datafeed-client_count';
  await client.helpers.bulk({
    datasource: [...counted()],
    onDocument: () => ({ create: { _index: 'logs-client.ml-default' } }),
  });
  const analysis_config = {
    bucket_span: '15m',
    detectors: [{ function: 'high_count' }],
    influencers: ['source.ip'],
  };
  const estimate = await client.ml.estimateModelMemory({
    analysis_config,
    max_bucket_cardinality: { 'source.ip': 50 },
  });
  assert.match(estimate.model_memory_estimate, /^\d+[km]b$/i);
  const data_description = { time_field: '@timestamp', time_format: 'epoch_ms' };
  assert.equal((await client.ml.validate({ job_id, analysis_config, data_description })).acknowledged, true);
  const made = await client.ml.putJob({ job_id, analysis_config, data_description, groups: ['client'] });
  assert.equal(made.job_id, job_id);
  assert.equal(made.job_type, 'anomaly_detector');
  await refused(400, 'resource_already_exists_exception', () =>
    client.ml.putJob({ job_id, analysis_config, data_description }),
  );
  await refused(404, 'resource_not_found_exception', () => client.ml.getJobs({ job_id: 'none' }));
  const feed = await client.ml.putDatafeed({ datafeed_id, job_id, indices: ['logs-client.ml-*'] });
  assert.deepEqual(feed.indices, ['logs-client.ml-*']);
  assert.equal((await client.ml.getJobs({ job_id: 'client*' })).count, 1);
  assert.equal((await client.ml.openJob({ job_id })).opened, true);
  await client.ml.startDatafeed({ datafeed_id, start: START, end: START + MINUTES * 60000 });
  await until(async () => (await client.ml.getDatafeedStats({ datafeed_id })).datafeeds[0].state === 'stopped');
  const { records } = await client.ml.getRecords({ job_id, sort: 'record_score', desc: true, record_score: 50 });
  assert(records.length > 0, 'the spike is found');
  assert.equal(records[0].timestamp, SPIKE);
  assert.equal(records[0].actual[0], 7500);
  const { influencers } = await client.ml.getInfluencers({ job_id, influencer_score: 50 });
  assert(influencers.some((i) => i.influencer_field_value === '10.9.9.9'), 'and who made it');
  const buckets = await client.ml.getBuckets({ job_id, anomaly_score: 50 });
  assert(buckets.buckets.some((b) => b.timestamp === SPIKE));
  const overall = await client.ml.getOverallBuckets({ job_id, overall_score: 50 });
  assert(overall.overall_buckets.length > 0);
  const stats = (await client.ml.getJobStats({ job_id })).jobs[0];
  assert.equal(stats.data_counts.processed_record_count, [...counted()].length);
  assert.equal(stats.model_size_stats.memory_status, 'ok');
  const forecast = await client.ml.forecast({ job_id, duration: '6h' }).catch(async () => {
    await client.ml.openJob({ job_id }); // a feed with an end closes its job
    return client.ml.forecast({ job_id, duration: '6h' });
  });
  assert.equal(forecast.acknowledged, true);
  assert.equal((await client.ml.deleteForecast({ job_id, forecast_id: forecast.forecast_id })).acknowledged, true);
  await client.ml.closeJob({ job_id });
  const { model_snapshots } = await client.ml.getModelSnapshots({ job_id });
  assert(model_snapshots.length > 0);
  const { snapshot_id } = model_snapshots[0];
  const kept = await client.ml.updateModelSnapshot({ job_id, snapshot_id, description: 'kept', retain: true });
  assert.equal(kept.model.retain, true);
  const back = await client.ml.revertModelSnapshot({ job_id, snapshot_id });
  assert.equal(back.model.snapshot_id, snapshot_id);
  assert.equal((await client.ml.putFilter({ filter_id: 'safe', items: ['a', 'b'] })).items.length, 2);
  assert.equal((await client.ml.getFilters({ filter_id: 'safe' })).filters[0].filter_id, 'safe');
  assert.equal((await client.ml.putCalendar({ calendar_id: 'feasts', job_ids: [job_id] })).calendar_id, 'feasts');
  const events = [{ description: 'feast', start_time: START, end_time: START + 3600000 }];
  assert.equal((await client.ml.postCalendarEvents({ calendar_id: 'feasts', events })).events.length, 1);
  assert.equal((await client.ml.info()).upgrade_mode, false);
  await client.ml.deleteCalendar({ calendar_id: 'feasts' });
  await client.ml.deleteFilter({ filter_id: 'safe' });
  await client.ml.deleteDatafeed({ datafeed_id });
  assert.equal((await client.ml.deleteJob({ job_id })).acknowledged, true);
  await refused(404, 'resource_not_found_exception', () => client.ml.getRecords({ job_id }));
}

// Log messages, each of one of two templates.
async function learnMessages() {
  const job_id = 'client_messages';
  const data_description = { time_field: 'time', time_format: 'epoch_ms' };
  const analysis_config = {
    bucket_span: '15m',
    categorization_field_name: 'message',
    categorization_filters: ['\\[.*?\\]'],
    detectors: [{ function: 'count', by_field_name: 'mlcategory' }],
  };
  await refused(400, 'illegal_argument_exception', () =>
    client.ml.putJob({
      job_id,
      data_description,
      analysis_config: { ...analysis_config, detectors: [{ function: 'count' }] },
    }),
  );
  const made = await client.ml.putJob({ job_id, analysis_config, data_description });
  assert.equal(made.analysis_config.categorization_field_name, 'message');
  await client.ml.openJob({ job_id });
  const data = [];
  for (let minute = 0; minute < 60; minute++) {
    const time = START + minute * 60000;
    data.push({ time, message: `session opened for user u${'abc'[minute % 3]}x [failed before]` });
    data.push({ time, message: `session closed for user u${'abc'[minute % 3]}x` });
  }
  assert.equal((await client.ml.postData({ job_id, data })).processed_record_count, 120);
  await client.ml.closeJob({ job_id });
  const { count, categories } = await client.ml.getCategories({ job_id });
  assert.equal(count, 2);
  assert.deepEqual(
    categories.map((c) => [c.category_id, c.terms, c.num_matches]),
    [
      [1, 'session opened for user', 60],
      [2, 'session closed for user', 60],
    ],
  );
  const second = await client.ml.getCategories({ job_id, category_id: '2' });
  assert.equal(second.categories[0].mlcategory, '2');
  const page = await client.ml.getCategories({ job_id, page: { from: 1, size: 1 } });
  assert.equal(page.categories[0].category_id, 2);
  const stats = (await client.ml.getJobStats({ job_id })).jobs[0].model_size_stats;
  assert.equal(stats.total_category_count, 2);
  assert.equal((await client.ml.deleteJob({ job_id })).acknowledged, true);
}

// The same events as rows of five minutes for each address.
async function learnRows() {
  const job_id = 'client_rows';
  const datafeed_id = 'datafeed-client_rows';
  const analysis_config = {
    bucket_span: '15m',
    summary_count_field_name: 'doc_count',
    detectors: [{ function: 'high_count' }, { function: 'max', field_name: 'last', by_field_name: 'source.ip' }],
    influencers: ['source.ip'],
  };
  const data_description = { time_field: '@timestamp', time_format: 'epoch_ms' };
  const newest = { max: { field: '@timestamp' } };
  const aggregations = {
    buckets: {
      date_histogram: { field: '@timestamp', fixed_interval: '5m' },
      aggregations: {
        '@timestamp': newest,
        'source.ip': { terms: { field: 'source.ip', size: 100 }, aggregations: { last: { value_count: { field: 'source.ip' } } } },
      },
    },
  };
  await client.ml.putJob({ job_id, analysis_config, data_description });
  await refused(400, 'illegal_argument_exception', () =>
    client.ml.putDatafeed({
      datafeed_id,
      job_id,
      indices: ['logs-client.ml-*'],
      aggregations: { buckets: { ...aggregations.buckets, date_histogram: { field: '@timestamp', fixed_interval: '7m' } } },
    }),
  );
  const feed = await client.ml.putDatafeed({ datafeed_id, job_id, indices: ['logs-client.ml-*'], aggregations });
  assert.deepEqual(feed.aggregations, aggregations);
  assert.deepEqual(feed.chunking_config, { mode: 'manual', time_span: '5000m' });
  const rows = await client.ml.previewDatafeed({ datafeed_id, start: START, end: START + 5 * 60000 });
  const first = rows.find((r) => r['source.ip'] === '10.1.0.0');
  assert.deepEqual(first, { '@timestamp': START + 240400, 'source.ip': '10.1.0.0', last: 5, doc_count: 5 });
  await client.ml.openJob({ job_id });
  await client.ml.setUpgradeMode({ enabled: true });
  assert.equal((await client.ml.info()).upgrade_mode, true);
  await refused(429, 'status_exception', () => client.ml.startDatafeed({ datafeed_id, start: START }));
  const still = (await client.ml.getJobStats({ job_id })).jobs[0];
  assert.equal(still.state, 'opened');
  assert.match(still.assignment_explanation, /upgrade mode/);
  await client.ml.setUpgradeMode({ enabled: false });
  await client.ml.startDatafeed({ datafeed_id, start: START, end: START + MINUTES * 60000 });
  await until(async () => (await client.ml.getDatafeedStats({ datafeed_id })).datafeeds[0].state === 'stopped');
  const { records } = await client.ml.getRecords({ job_id, sort: 'record_score', desc: true, record_score: 50 });
  const spike = records.find((r) => r.function === 'high_count');
  assert.equal(spike.timestamp, SPIKE);
  assert.equal(spike.actual[0], 7500);
  const { timing_stats } = (await client.ml.getDatafeedStats({ datafeed_id })).datafeeds[0];
  assert(timing_stats.search_count > 0 && timing_stats.bucket_count === MINUTES / 15, JSON.stringify(timing_stats));
  const { model_snapshots } = await client.ml.getModelSnapshots({ job_id });
  const { snapshot_id } = model_snapshots[0];
  await refused(409, 'status_exception', () => client.ml.upgradeJobSnapshot({ job_id, snapshot_id }));
  await client.ml.deleteDatafeed({ datafeed_id });
  await client.ml.deleteJob({ job_id });
}

const steps = { greet, write, repeat, setUp, search, aggregate, page, dated, learn, learnRows, learnMessages };
for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
  } catch (error) {
    console.error(`FAILED in ${name}: ${error.stack}`, error.body ? JSON.stringify(error.body) : '');
    process.exit(1);
  }
}
console.log('ok');
