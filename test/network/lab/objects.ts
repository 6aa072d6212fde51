// Cluster objects as the API server would return them.

const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace && { namespace }),
  uid: `uid-${namespace ?? ''}-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
})

export const service = (name: string, spec: object, status: object = {}, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name, namespace),
  spec,
  status: { loadBalancer: status },
})

export interface TestEndpoint {
  ip: string
  nodeName?: string
  hostname?: string
  ready?: boolean
  serving?: boolean
  terminating?: boolean
}

export const slice = (
  serviceName: string,
  endpoints: TestEndpoint[],
  ports: object[] = [{ name: '', port: 8080, protocol: 'TCP' }],
  suffix = 'a',
  namespace = 'default',
) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...meta(`${serviceName}-${suffix}`, namespace), labels: { 'kubernetes.io/service-name': serviceName } },
  addressType: 'IPv4',
  endpoints: endpoints.map(({ ip, nodeName, hostname, ready = true, serving = ready, terminating = false }) => ({
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(nodeName && { nodeName }),
    ...(hostname && { hostname }),
  })),
  ports,
})

export const node = (name: string, nodeIP: string, podCIDR: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name),
  spec: { podCIDR, podCIDRs: [podCIDR] },
  status: { addresses: [{ type: 'InternalIP', address: nodeIP }] },
})
