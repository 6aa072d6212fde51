// Each kind made, read in every representation, listed, patched in every way and deleted.
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'

const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const APPLY = 'application/apply-patch+yaml'

const labels = value => ({ metadata: { labels: { judged: value } } })

function steps({ kind, object }) {
  const { collection, subresources } = kind
  const path = `${collection}/${object.metadata.name}`
  const patch = (name, type, body, query = '', at = path) => ({
    ...{ name: `${name}${query}`, method: 'PATCH', path: `${at}${query}`, type, body: JSON.stringify(body) },
  })
  const named = `fieldSelector=metadata.name%3D${object.metadata.name}`
  const read = [
    { name: 'get', path },
    { name: 'table', path, accept: TABLE },
    { name: 'table with objects', path: `${path}?includeObject=Object`, accept: TABLE },
    { name: 'metadata', path, accept: METADATA },
    { name: 'list', path: `${collection}?${named}` },
    { name: 'list as table', path: `${collection}?${named}`, accept: TABLE },
    { name: 'list of metadata', path: `${collection}?${named}`, accept: METADATA_LIST },
    { name: 'again', method: 'POST', path: collection, body: object },
  ]
  const changes = [
    patch('merge', MERGE, labels('merge')),
    patch('strategic', STRATEGIC, labels('strategic')),
    patch('json', JSON_PATCH, [{ op: 'add', path: '/metadata/annotations', value: { judged: 'json' } }]),
    patch('json, failing test', JSON_PATCH, [{ op: 'test', path: '/metadata/name', value: 'x' }]),
    patch('apply', APPLY, { apiVersion: kind.apiVersion, kind: kind.kind, ...labels('apply') }, '?fieldManager=judge'),
    patch(
      'apply',
      APPLY,
      { apiVersion: kind.apiVersion, kind: kind.kind, ...labels('apply') },
      '?fieldManager=judge&force=true',
    ),
    patch('apply', APPLY, { apiVersion: kind.apiVersion, kind: kind.kind, ...labels('apply') }),
    patch('unknown field', MERGE, { unknown: 1 }, '?fieldValidation=Strict'),
    patch('unknown field', MERGE, { unknown: 1 }, '?fieldValidation=Warn'),
    patch('other name', MERGE, { metadata: { name: 'other' } }),
    patch('other uid', MERGE, { metadata: { uid: 'other' } }),
    patch('other version', MERGE, { metadata: { resourceVersion: '1' } }),
    ...subresources
      .filter(part => part === 'status')
      .flatMap(part => [
        { name: 'get status', path: `${path}/${part}` },
        patch('merge of status', MERGE, { status: {}, ...labels('status') }, '', `${path}/${part}`),
      ]),
    { name: 'delete, other uid', method: 'DELETE', path, body: { preconditions: { uid: 'other' } } },
    { name: 'delete, other version', method: 'DELETE', path, body: { preconditions: { resourceVersion: '1' } } },
    { name: 'delete, bad policy', method: 'DELETE', path, body: { propagationPolicy: 'Never' } },
    { name: 'delete, both', method: 'DELETE', path, body: { propagationPolicy: 'Orphan', orphanDependents: true } },
    { name: 'delete on trial', method: 'DELETE', path: `${path}?dryRun=All` },
    { name: 'delete on bad trial', method: 'DELETE', path: `${path}?dryRun=Some` },
    { name: 'delete', method: 'DELETE', path: `${path}?gracePeriodSeconds=0` },
    { name: 'get what is gone', path },
    { name: 'table of none', path: `${collection}?${named}`, accept: TABLE },
  ]
  return [
    { name: 'create', method: 'POST', path: collection, body: object },
    ...(kind.verbs.includes('get') ? [...read, ...changes] : []),
  ]
}

/** What is stored once for two versions of a kind has a name of its own in the older one. */
const SECOND = new Set(['autoscaling/v1', 'events.k8s.io/v1'])

const apart = ({ kind, object, ...rest }) =>
  SECOND.has(kind.apiVersion)
    ? { kind, object: { ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-older` } }, ...rest }
    : { kind, object, ...rest }

export const cases = ({ samples }) => samples.map(sample => ({ name: sample.name, steps: steps(apart(sample)) }))
