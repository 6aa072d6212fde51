// Objects of Ingresses as the API server would return them.
import type { Ingress, IngressSpec } from '../../../src/shared/api/networking/v1.ts'

export const meta = (name: string, more: object = {}) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
})
export const ingress = (name: string, spec: IngressSpec, more: object = {}): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: meta(name, more),
  spec: { ingressClassName: 'flotilla', ...spec },
  status: {},
})
export const to = (name: string, port: number | string = 80) => ({
  service: { name, port: typeof port === 'number' ? { number: port } : { name: port } },
})
export const path = (value: string, pathType: string, name: string) => ({ path: value, pathType, backend: to(name) })
