// What a pod's sandbox asks of the engine and of the network.
import { expect, it } from 'vitest'
import type { KubeletParts } from '../../src/agent/kubelet/parts.ts'
import { createSandbox } from '../../src/agent/kubelet/sync/sandbox.ts'
import type { Pod, PodSpec } from '../../src/shared/api/core/v1.ts'

/** @returns what was asked for while a sandbox of the pod was made */
async function made(spec: Partial<PodSpec>, setUp = () => Promise.resolve({ ips: ['10.0.0.9'] })) {
  const asked: string[] = []
  const parts = {
    node: { nodeName: 'n', nodeIP: '192.0.2.1', clusterDomain: 'cluster.local' },
    handlers: [],
    cgroups: { parentOf: () => undefined, apply: () => Promise.resolve() },
    runtime: {
      createSandbox: () => Promise.resolve('sandbox'),
      start: () => Promise.resolve(),
      container: () => Promise.resolve({ state: 'running', pid: 7 }),
      remove: (id: string) => Promise.resolve(void asked.push(`remove ${id}`)),
    },
    network: {
      podNetwork: { setUp },
      hostPorts: (_uid: string, ips: readonly string[], ports: readonly object[]) =>
        Promise.resolve(void asked.push(`${ips.join()} ${JSON.stringify(ports)}`)),
      isolate: () => Promise.resolve(),
    },
  } as unknown as KubeletParts
  const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec: { containers: [], ...spec } } as unknown as Pod // prettier-ignore
  const error = await createSandbox(parts, pod, 0, () => undefined).then(
    () => undefined,
    (failure: Error) => failure.message,
  )
  return { asked, error }
}

it('ports of the node lead to containers and to sidecars, not to init containers that are over by then', async () => {
  const port = (hostPort: number, more: object = {}) => ({ ports: [{ containerPort: 80, hostPort, ...more }] })
  const { asked } = await made({
    containers: [
      { name: 'app', ...port(8080) },
      { name: 'none', ports: [{ containerPort: 81 }] },
    ],
    initContainers: [
      { name: 'init', ...port(8081) },
      { name: 'proxy', restartPolicy: 'Always', ...port(8082, { protocol: 'UDP', hostIP: '192.0.2.1' }) },
    ],
  })
  expect(asked).toEqual([
    '10.0.0.9 [{"hostPort":8080,"containerPort":80,"protocol":"TCP"},{"hostPort":8082,"containerPort":80,"protocol":"UDP","hostIP":"192.0.2.1"}]',
  ])
})

it('one that cannot be connected is removed again, and one in the node’s network is not connected', async () => {
  const fails = () => Promise.reject(new Error('no address is left'))
  expect(await made({}, fails)).toEqual({ asked: ['remove sandbox'], error: 'no address is left' })
  expect(await made({ hostNetwork: true }, fails)).toEqual({ asked: [], error: undefined })
})
