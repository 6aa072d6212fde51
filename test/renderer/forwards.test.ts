// Port-forwards: the command that does the same, the way through the API server, and the pod behind a name.
import { describe, expect, it } from 'vitest'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Service } from '../../src/shared/api/core/v1.ts'
import { findTarget } from '../../src/main/desktop/forward-target.ts'
import { forwardCommand, proxyPath, suggestedPort } from '@/forwards/forwards.ts'
import { make, makePod } from './support/objects.ts'

const spec = { id: '1', kind: 'services' as const, namespace: 'shop', name: 'web', port: 80, localPort: 8080 }

describe('a port-forward', () => {
  it('is told as a command of kubectl', () => {
    expect(forwardCommand(spec)).toBe('kubectl port-forward --namespace=shop service/web 8080:80')
    expect(forwardCommand({ ...spec, kind: 'pods', localPort: 80 })).toBe(
      'kubectl port-forward --namespace=shop pod/web 80',
    )
    expect(forwardCommand({ ...spec, localPort: 0 })).toBe('kubectl port-forward --namespace=shop service/web :80')
  })
  it('has a way through the API server where there is a proxy', () => {
    expect(proxyPath(spec)).toBe('/api/v1/namespaces/shop/services/web:80/proxy/')
    expect(proxyPath({ ...spec, kind: 'deployments' })).toBeUndefined()
  })
  it('does not take a privileged port', () => expect([80, 8080].map(suggestedPort)).toEqual([8080, 8080]))
})

describe('findTarget', () => {
  const ready = makePod('b', { labels: { app: 'web' } }, 'shop')
  const named = { ...ready, spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }] } }
  const service = make(Service, 'web', {
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
  })
  const leaving = { ...named, metadata: { ...named.metadata, name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }
  const answers = (object: unknown, items: readonly unknown[]) => (path: string) =>
    Promise.resolve(path.includes('labelSelector=app%3Dweb') ? { items } : object)

  it("takes a ready pod that does not leave, and the pod's port behind the service's", async () =>
    expect(await findTarget(answers(service, [leaving, named]), spec)).toEqual({
      namespace: 'shop',
      pod: 'b',
      port: 8080,
    }))
  it('says when nothing is ready, and when nothing is selected', async () => {
    await expect(findTarget(answers(service, [leaving]), spec)).rejects.toThrow('no pod behind web is ready')
    const bare = make(Service, 'web', { spec: { ports: [{ port: 80 }] } })
    await expect(findTarget(answers(bare, []), spec)).rejects.toThrow('selects no pods')
  })
  it('keeps the port asked for of a workload', async () => {
    const deployment = make(Deployment, 'web', { spec: { selector: { matchLabels: { app: 'web' } } } })
    const found = await findTarget(answers(deployment, [named]), { ...spec, kind: 'deployments', port: 9000 })
    expect(found.port).toBe(9000)
  })
})
