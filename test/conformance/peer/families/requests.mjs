// How requests are put: methods, media types and their weights, every patch type on every part of an object, and every
// parameter of writes with values that it takes and that it does not.
const MERGE = 'application/merge-patch+json'
const PATCHES = [
  [MERGE, '{}'],
  [MERGE, 'null'],
  [MERGE, '[]'],
  [MERGE, '{"metadata":{"labels":{"a":null}}}'],
  [MERGE, '{'],
  [MERGE, ''],
  ['application/strategic-merge-patch+json', '{}'],
  ['application/strategic-merge-patch+json', '[]'],
  ['application/strategic-merge-patch+json', '{"$patch":"replace"}'],
  ['application/strategic-merge-patch+json', '{"metadata":{"labels":{"$patch":"other"}}}'],
  ['application/json-patch+json', '[]'],
  ['application/json-patch+json', '{}'],
  ['application/json-patch+json', '[{"op":"test","path":"/metadata/name","value":"other"}]'],
  ['application/json-patch+json', '[{"op":"remove","path":"/metadata/none"}]'],
  ['application/json-patch+json', '[{"op":"other","path":"/metadata/name"}]'],
  ['application/json-patch+json', '[{"op":"add","path":"metadata"}]'],
  ['application/json-patch+json', '[{"path":"/metadata/name"}]'],
  ['application/json-patch+json', '[{"op":"move","from":"/none","path":"/metadata/name"}]'],
  ['application/apply-patch+yaml', '{}'],
  ['application/apply-patch+yaml', '- a'],
  ['application/apply-patch+yaml', 'a: b: c'],
  ['application/apply-patch+yaml', '{"apiVersion":"v1","kind":"Other"}'],
  ['application/apply-patch+cbor', '{}'],
  ['application/json', '{}'],
  ['application/yaml', '{}'],
  ['application/vnd.kubernetes.protobuf', '{}'],
  ['text/plain', '{}'],
  [`${MERGE};charset=utf-8`, '{}'],
  ['Application/Merge-Patch+JSON', '{}'],
  ['x', '{}'],
  ['', '{}'],
  ['application/*', '{}'],
]
const TYPES = [
  'application/json',
  'application/json;charset=utf-8',
  'application/json;stream=watch',
  'Application/JSON',
  'application/yaml',
  'text/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/*',
  '*/*',
  'x',
  'application/json, application/yaml',
  ' ',
]
const ACCEPTS = [
  'application/json;q=0.1, application/yaml;q=0.9',
  'application/yaml;q=0, application/json',
  'application/xml, application/yaml',
  'application/json;q=x',
  'application/json;q=2',
  'application/xml;q=1, */*;q=0.1',
  'text/*',
  'application/*;q=0.5, application/yaml',
  'application/json;as=Table;v=v1;g=meta.k8s.io, application/json',
  'application/json;as=Table;v=v9;g=meta.k8s.io, application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1beta1',
  'application/json;as=Table',
  'application/json;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  'application/json;profile=x',
  'application/json;profile=nulls',
  'APPLICATION/JSON',
  'json',
  'application/',
  ',',
  ';',
  'application/json;',
  'application/json;;charset=utf-8',
  'application/json;as=Table;v=v1;g=meta.k8s.io;pretty=1',
  'application/json;pretty=1',
  'application/yaml;pretty=0',
]

const PARAMETERS = [
  'dryRun=All',
  'dryRun=None',
  'dryRun=all',
  'dryRun=',
  'dryRun=All&dryRun=All',
  'dryRun=All&dryRun=x',
  'fieldManager=',
  `fieldManager=${'m'.repeat(128)}`,
  `fieldManager=${'m'.repeat(129)}`,
  `fieldManager=${'%C3%A4'.repeat(128)}`,
  'fieldManager=a%0Ab',
  'fieldManager=a%20b',
  'fieldManager=a&fieldManager=b',
  'fieldManager=%E2%80%8B',
  'fieldValidation=Strict',
  'fieldValidation=Warn',
  'fieldValidation=Ignore',
  'fieldValidation=strict',
  'fieldValidation=',
  'fieldValidation=Strict&fieldValidation=Other',
  'force=true',
  'force=false',
  'force=x',
  'force=',
  'force=1',
  'pretty=true',
  'pretty=false',
  'pretty=x',
  'pretty',
  'other=1',
  'gracePeriodSeconds=0',
  'gracePeriodSeconds=-1',
  'gracePeriodSeconds=x',
  'gracePeriodSeconds=1.5',
  'gracePeriodSeconds=9223372036854775808',
  'gracePeriodSeconds=',
  'propagationPolicy=Orphan',
  'propagationPolicy=orphan',
  'propagationPolicy=',
  'propagationPolicy=Foreground&orphanDependents=true',
  'orphanDependents=true',
  'orphanDependents=x',
  'orphanDependents=',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true',
  'ignoreStoreReadErrorWithClusterBreakingPotential=x',
  'resourceVersion=0',
  'resourceVersion=x',
  'resourceVersion=1',
  'resourceVersion=-1',
  'resourceVersionMatch=Exact',
  'limit=1',
  'limit=x',
  'continue=x',
  'watch=true',
  'watch=x',
  'labelSelector=a b',
  'fieldSelector=metadata.name=other',
  'timeoutSeconds=x',
  'timeout=1s',
  'timeout=x',
  'timeout=-1s',
  'timeout=0s',
  'timeout=2h',
]

const DELETIONS = [
  '',
  '{}',
  '[]',
  '{',
  '{"kind":"DeleteOptions","apiVersion":"v1"}',
  '{"kind":"DeleteOptions","apiVersion":"apps/v1"}',
  '{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1"}',
  '{"kind":"DeleteOptions","apiVersion":"none/v1"}',
  '{"kind":"Other","apiVersion":"v1"}',
  '{"kind":"ConfigMap","apiVersion":"v1"}',
  '{"apiVersion":"v1"}',
  '{"kind":"DeleteOptions"}',
  '{"other":1}',
  '{"gracePeriodSeconds":"x"}',
  '{"gracePeriodSeconds":-5}',
  '{"gracePeriodSeconds":0}',
  '{"gracePeriodSeconds":null}',
  '{"gracePeriodSeconds":1.5}',
  '{"dryRun":["x"]}',
  '{"dryRun":"All"}',
  '{"dryRun":["All"]}',
  '{"propagationPolicy":"x"}',
  '{"propagationPolicy":"Foreground","orphanDependents":true}',
  '{"orphanDependents":true}',
  '{"orphanDependents":"x"}',
  '{"preconditions":{}}',
  '{"preconditions":{"uid":"x"}}',
  '{"preconditions":{"uid":""}}',
  '{"preconditions":{"resourceVersion":"1"}}',
  '{"preconditions":{"resourceVersion":"x"}}',
  '{"preconditions":{"uid":"x","resourceVersion":"1"}}',
  '{"preconditions":[]}',
  '{"ignoreStoreReadErrorWithClusterBreakingPotential":true}',
  '{"kind":"DeleteOptions","apiVersion":"v1","kind":"DeleteOptions"}',
]

/** Upstream looks for options in the query or in the body: a trial has to say so in the body where there is one. */
const onTrial = body =>
  /^\{.*\}$/.test(body) && !body.includes('dryRun')
    ? body.replace(/^\{(?=(.?))/, (_, next) => `{"dryRun":["All"]${next === '}' ? '' : ','}`)
    : body

/** Kinds that stand for the others, with all parts that objects have. */
const KINDS = [
  'v1/ConfigMap',
  'v1/Pod',
  'v1/Node',
  'v1/Namespace',
  'v1/Service',
  'v1/ServiceAccount',
  'v1/PersistentVolume',
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'batch/v1/Job',
  'networking.k8s.io/v1/ServiceCIDR',
  'resource.k8s.io/v1/ResourceClaim',
  'rbac.authorization.k8s.io/v1/ClusterRole',
  'apiextensions.k8s.io/v1/CustomResourceDefinition',
  'apiregistration.k8s.io/v1/APIService',
]
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Every part that objects of the kind have, and one that none has. */
const partsOf = ({ subresources }) => ['', ...subresources, 'none'].map(part => (part ? `/${part}` : ''))

function* casesOf({ kind, object }) {
  const { apiVersion, collection } = kind
  const id = `${kind.kind} ${apiVersion}`
  let n = 0
  /** Steps on a fresh object of the kind's, and the object's path. */
  const fresh = (name, steps) => {
    const own = object.metadata.name.includes('.') ? object.metadata.name : `requests-${kind.kind.toLowerCase()}-${++n}`
    const body = { ...object, metadata: { ...object.metadata, name: own } }
    const path = `${collection}/${own}`
    const gone = { method: 'DELETE', path: `${path}?gracePeriodSeconds=0`, unjudged: true }
    return { name: `${id} ${name}`, steps: [{ method: 'POST', path: collection, body }, ...steps(path, body), gone] }
  }
  // One that is named by what is in it is there once at a time, so that its cases are one.
  const grouped = object.metadata.name.includes('.')
  const all = []
  const add = (name, steps) => all.push([name, steps])
  for (const part of partsOf(kind)) {
    const streams = ['/log', '/exec', '/attach', '/portforward', '/proxy'].includes(part)
    add(`methods of ${part}`, path =>
      METHODS.filter(method => !streams || method === 'PUT' || method === 'TRACE').map(method => ({
        name: `${method} ${part}`,
        ...{ method, path: `${path}${part}?dryRun=All`, body: ['POST', 'PUT'].includes(method) ? '{}' : undefined },
      })),
    )
    if (streams) continue
    add(`patches of ${part}`, path =>
      PATCHES.map(([type, body]) => ({
        name: `${type} ${body} of ${part}`,
        ...{ method: 'PATCH', path: `${path}${part}?dryRun=All&fieldManager=x`, type, body: Buffer.from(body) },
      })),
    )
    if (part === '/none') continue
    add(`weights of ${part}`, path =>
      ACCEPTS.map(accept => ({ name: `${part} as ${accept}`, path: `${path}${part}`, accept })),
    )
  }
  add('parameters', path => [
    ...PARAMETERS.map(text => ({ name: `get ?${text}`, path: `${path}?${encodeURI(text).replace(/%25/g, '%')}` })),
    ...PARAMETERS.flatMap(text => {
      const query = encodeURI(text).replace(/%25/g, '%')
      const always = query.startsWith('dryRun') ? query : `dryRun=All&${query}`
      const applied = { apiVersion, kind: kind.kind, metadata: { labels: { a: 'b' } } }
      return [
        { name: `delete ?${text}`, method: 'DELETE', path: `${path}?dryRun=All&${query}` },
        { name: `merge ?${text}`, method: 'PATCH', path: `${path}?${always}`, type: MERGE, body: '{"other":1}' },
        {
          ...{ name: `apply ?${text}`, method: 'PATCH', path: `${path}?${always}` },
          ...{ type: 'application/apply-patch+yaml', body: JSON.stringify(applied) },
        },
        {
          ...{ name: `create ?${text}`, method: 'POST', path: `${collection}?dryRun=All&${query}` },
          body: { ...object, other: 1, metadata: { ...object.metadata, name: `${object.metadata.name}-too` } },
        },
      ]
    }),
  ])
  add('bodies of deletions', path =>
    DELETIONS.map(onTrial).flatMap(body => [
      { name: `delete ${body}`, method: 'DELETE', path: `${path}?dryRun=All`, body: body || undefined },
      {
        ...{ name: `delete all ${body}`, method: 'DELETE', body: body || undefined },
        path: `${collection}?dryRun=All&fieldSelector=metadata.name%3Dnone`,
      },
    ]),
  )
  add('media types', (path, body) =>
    TYPES.flatMap(type => [
      { name: `put as ${type}`, method: 'PUT', path: `${path}?dryRun=All`, type, body: JSON.stringify(body) },
      { name: `delete as ${type}`, method: 'DELETE', path: `${path}?dryRun=All`, type, body: '{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}' }, // prettier-ignore
    ]),
  )
  if (grouped) yield fresh('all', (path, body) => all.flatMap(([, steps]) => steps(path, body)))
  else for (const [name, steps] of all) yield fresh(name, steps)
}

export function* cases({ samples }) {
  const seen = new Set()
  for (const sample of samples.toReversed()) {
    const id = `${sample.kind.apiVersion}/${sample.kind.kind}`
    if (!KINDS.includes(id) || seen.has(id)) continue
    seen.add(id)
    yield* casesOf(sample)
  }
}
