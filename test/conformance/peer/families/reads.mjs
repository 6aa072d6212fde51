// Lists, watches and their options: selectors, pages, versions.
const SELECTORS = [
  'metadata.name=a',
  'metadata.namespace=judge',
  'metadata.name!=a',
  'metadata.name==a',
  'spec.nothing=a',
  'metadata.labels=a',
  'status.phase=Running',
  'spec.nodeName=a',
  'type=Opaque',
  'spec.unschedulable=true',
  'status.successful=1',
  'reason=a',
  'involvedObject.name=a',
  'involvedObject.kind=a',
  'involvedObject.uid=a',
  'spec.schedulerName=a',
  'spec.clusterIP=a',
  'spec.type=ClusterIP',
  'spec.restartPolicy=Always',
  'spec.serviceAccountName=a',
  'spec.hostNetwork=true',
  'status.podIP=a',
  'status.podIPs=a',
  'status.nominatedNodeName=a',
  'status.replicas=0',
  'source=a',
  'reportingComponent=a',
  'type=Normal',
  'regarding.name=a',
  'spec.signerName=a',
  'status.phase=Active',
  'name=a',
  'x',
  'a=b,c',
  'metadata.name=a,metadata.name=b',
  'metadata.name in (a)',
  '=a',
]
const LABELS = [
  'a=b',
  'a',
  '!a',
  'a in (b,c)',
  'a notin (b)',
  'a!=b',
  'a=b,',
  'a in b',
  'a==',
  '%%',
  'a b',
  'a>1',
  'a>x',
  'a=_-',
  'A/b/c=d',
  'a in ()',
  ',',
  '-a=b',
  'a in (b',
  'x in (-a)',
]

const OPTIONS = [
  'limit=1',
  'limit=-1',
  'limit=x',
  'continue=abc',
  'limit=1&continue=abc',
  'resourceVersion=0',
  'resourceVersion=x',
  'resourceVersion=-1',
  'resourceVersion=01',
  'resourceVersion=0&limit=1',
  'resourceVersion=1',
  'resourceVersion=1&limit=1',
  'resourceVersion=1&resourceVersionMatch=Exact',
  'resourceVersion=1&resourceVersionMatch=NotOlderThan',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersion=0&resourceVersionMatch=NotOlderThan',
  'resourceVersionMatch=Exact',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersion=1&resourceVersionMatch=Other',
  'resourceVersion=999999999&resourceVersionMatch=Exact',
  'resourceVersion=999999999',
  'resourceVersion=999999999&resourceVersionMatch=NotOlderThan',
  'resourceVersion=999999999&limit=1',
  'resourceVersion=1&continue=abc',
  'resourceVersion=0&resourceVersionMatch=NotOlderThan&continue=abc',
  'resourceVersionMatch=Exact&continue=abc',
  'timeoutSeconds=x',
  'timeoutSeconds=-1',
  'sendInitialEvents=true',
  'sendInitialEvents=x',
  'pretty=true',
  'watch=x&timeoutSeconds=1',
  'watch=true&sendInitialEvents=true&timeoutSeconds=1',
  'watch=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1',
  'watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&timeoutSeconds=1',
  'watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1',
  'watch=true&resourceVersion=x&timeoutSeconds=1',
  'watch=true&resourceVersion=1&resourceVersionMatch=Exact&timeoutSeconds=1',
  'watch=true&limit=1&timeoutSeconds=1',
  'watch=true&resourceVersion=999999999&timeoutSeconds=1',
  'watch=true&resourceVersion=999999999&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=true&resourceVersion=999999999&timeoutSeconds=9&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
  'watch=true&resourceVersion=0&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=true&continue=abc&timeoutSeconds=1',
  'watch=true&timeoutSeconds=x',
  'watch=true&fieldSelector=spec.nothing%3Da&timeoutSeconds=1',
  'watch=true&labelSelector=a%20b&timeoutSeconds=1',
  'watch=true&allowWatchBookmarks=x&timeoutSeconds=1',
  'unknown=1',
]
const ACCEPTS = [
  'application/xml',
  'text/html',
  'application/json;as=Table;v=v2;g=meta.k8s.io',
  'application/json;as=Other;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/yaml;as=Table;v=v1;g=meta.k8s.io',
  'application/json;stream=watch',
  'application/json;charset=utf-8',
  'application/*',
  '*/*',
  'application/json;q=0.1,application/xml',
]

export function* cases({ kinds }) {
  const one = (name, path, more = {}) => ({ name, steps: [{ path, ...more }] })
  for (const { kind, collection, verbs, apiVersion, namespaced, resource } of kinds.values()) {
    if (!verbs.includes('list')) continue
    const id = `${apiVersion} ${kind}`
    for (const selector of SELECTORS)
      yield one(
        `${id} ${selector}`,
        `${collection}?fieldSelector=${encodeURIComponent(selector)}&limit=1&labelSelector=none`,
      )
    if (namespaced)
      yield one(`${id} everywhere`, `${collection.replace('/namespaces/judge', '')}?labelSelector=none`, {})
    yield one(`${id} of nobody`, `${collection}?labelSelector=none`)
    yield one(`${id} missing`, `${collection}/missing`)
    yield one(`${id} missing deleted`, `${collection}/missing`, { method: 'DELETE' })
    yield one(`${id} missing patched`, `${collection}/missing`, {
      ...{ method: 'PATCH', type: 'application/merge-patch+json', body: '{}' },
    })
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
      yield one(`${id} ${method}`, `${collection}${method === 'DELETE' ? '?labelSelector=none' : ''}`, { method })
    yield one(`${id} POST to a name`, `${collection}/missing`, { method: 'POST', body: {} })
    yield one(`${id} odd sub-resource`, `${collection}/missing/nothing`)
    yield one(`${id} odd name`, `${collection}/A_b`)
    yield one(`${id} table of none`, `${collection}?labelSelector=none`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    })
    yield one(
      `${id} watch with bookmarks`,
      `${collection}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&labelSelector=none`,
    )
    yield one(
      `${id} old watch ${resource}`,
      `${collection.replace(/^\/(api\/v1|apis\/[^/]+\/[^/]+)/, '$&/watch')}?timeoutSeconds=1&resourceVersion=0&labelSelector=none`,
    )
  }
  for (const collection of ['/api/v1/namespaces/judge/configmaps', '/apis/apps/v1/deployments', '/api/v1/nodes']) {
    for (const selector of LABELS)
      yield one(`labels ${selector}`, `${collection}?labelSelector=${encodeURIComponent(selector)}`)
    for (const options of OPTIONS) yield one(`${collection}?${options}`, `${collection}?labelSelector=none&${options}`)
    for (const accept of ACCEPTS)
      yield one(`${collection} as ${accept}`, `${collection}?labelSelector=none`, { accept })
    for (const accept of ACCEPTS)
      yield one(
        `${collection} watched as ${accept}`,
        `${collection}?labelSelector=none&watch=1&timeoutSeconds=1&resourceVersion=0`,
        { accept },
      )
  }
}
