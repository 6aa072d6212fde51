// Discovery and OpenAPI.
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export function* cases({ kinds }) {
  const one = (path, more = {}) => ({ name: `${path} ${more.accept ?? ''}`, steps: [{ path, ...more }] })
  for (const path of [
    '/',
    '/api',
    '/apis',
    '/api/v1',
    '/openapi/v3',
    '/healthz',
    '/livez',
    '/readyz',
    '/version',
    '/api/v2',
    '/apis/none',
    '/apis/apps/v9',
    '/apis/none/v1',
    '/none',
    '/apis/',
    '/api/',
    '/apis/apps/',
    '/openapi/v3/',
    '/openapi/v3/none',
    '/.well-known/openid-configuration',
    '/openid/v1/jwks',
    '/metrics/none',
    '/logs',
    '/healthz/ping',
    '/healthz/none',
    '/readyz/etcd',
    '/livez/ping',
  ])
    yield one(path)
  for (const path of ['/api', '/apis']) yield one(path, { accept: AGGREGATED })
  const versions = new Set([...kinds.values()].filter(({ group }) => group !== '').map(({ apiVersion }) => apiVersion))
  for (const version of versions) {
    yield one(`/apis/${version}`)
    yield one(`/apis/${version.split('/')[0]}`)
    yield one(`/openapi/v3/apis/${version}`)
  }
  yield one('/openapi/v3/api/v1')
  yield one('/openapi/v2')
}
