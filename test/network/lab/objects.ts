// Cluster objects as the API server would return them.
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '../../../src/shared/api/networking/v1.ts'

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

export const namespace = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { ...meta(name), labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  spec: {},
  status: {},
})

export interface TestPod {
  readonly uid: string
  readonly ns: string
  readonly name: string
  readonly nodeName: string
  readonly ip?: string
  readonly labels?: Record<string, string>
  readonly ports?: { name: string; containerPort: number; protocol: string }[]
}

export const podObject = ({ uid, ns, name, nodeName, ip, labels = { pod: name }, ports = [] }: TestPod) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name, ns), uid, labels },
    spec: { nodeName, containers: [{ name: 'c', image: 'x', ports }] },
    status: { phase: 'Running', ...(ip && { podIP: ip, podIPs: [{ ip }] }) },
  }) as unknown as Pod

export const policy = (ns: string, name: string, spec: NetworkPolicySpec) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: meta(name, ns) as NetworkPolicy['metadata'],
  spec,
})
