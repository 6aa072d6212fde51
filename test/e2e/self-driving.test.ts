// What a cluster does by itself, with real containers: it measures, scales, keeps data, and takes a bad version back.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientImage } from './support/client-image.ts'
import { Cluster, until } from './support/cluster.ts'

let cluster: Cluster
let image: string

beforeAll(async () => {
  image = clientImage()
  cluster = await Cluster.start()
  await cluster.nodeReady()
  // A version is known to be healthy once it has been whole for a while: that passes while others are tested.
  await apply(deployment('app', 'exec sleep 1000', '', ROLLS_BACK))
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function k(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.run('kubectl', args)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`)
  return stdout
}
async function apply(manifest: string): Promise<void> {
  const { code, stderr } = await cluster.run('kubectl', ['apply', '-f', '-'], manifest)
  if (code !== 0) throw new Error(stderr)
}

const ROLLS_BACK = ' flotilla.dev/auto-rollback: "true", flotilla.dev/auto-rollback-restarts: "1" '
const deployment = (name: string, script: string, more = '', annotations = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, annotations: {${annotations}} }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: main
          image: ${image}
          imagePullPolicy: Never
          command: [sh, -c, ${JSON.stringify(script)}]
          resources: { requests: { cpu: 20m, memory: 16Mi } }
${more}`

it('kubectl top shows what nodes and containers really use, and the autoscaler adds pods under real load', async () => {
  await apply(deployment('busy', 'while :; do :; done'))
  await apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: busy }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: busy }
  minReplicas: 1
  maxReplicas: 3
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }]
`)
  const milli = await until('the pod is measured', async () =>
    Number(/busy-\S+\s+(\d+)m\s+\d+Mi/.exec(await k('top', 'pods', '-l', 'app=busy', '--no-headers'))?.[1] ?? 0),
  )
  // It takes a core, or its share of a busy machine: far more than the 20m that it requests.
  expect(milli).toBeGreaterThan(50)
  expect(await k('top', 'nodes', '--no-headers')).toMatch(/\d+m\s+\d+%\s+\d+Mi\s+\d+%/)
  await until('three replicas', async () => (await k('get', 'deployment', 'busy', '-o', 'jsonpath={.spec.replicas}')) === '3', 90_000) // prettier-ignore
  expect(await k('describe', 'hpa', 'busy')).toMatch(/SuccessfulRescale.*above target/)
  await k('delete', 'hpa,deployment', 'busy')
}, 180_000)

it('a claim of the default class is bound to a folder of the node, whose data outlives the pod and goes with the claim', async () => {
  await apply(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`)
  const volumes = `
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]`
  await apply(deployment('keeps', 'date +%N >> /data/starts; exec sleep 1000', volumes))
  await k('rollout', 'status', 'deployment/keeps', '--timeout=60s')
  expect(await k('get', 'pvc', 'data')).toMatch(/data\s+Bound\s+pvc-\S+\s+1Gi\s+RWO\s+local-path/)
  await k('delete', 'pod', '-l', 'app=keeps')
  await until('a second start wrote to the same folder', async () => {
    const text = await k('exec', 'deployment/keeps', '--', 'cat', '/data/starts')
    return text.trim().split('\n').length === 2
  })
  await k('delete', 'deployment', 'keeps')
  await k('delete', 'pvc', 'data')
  await until('the volume is gone', async () => (await k('get', 'pv', '-o', 'name')) === '')
}, 120_000)

it('a version that crashes is taken back by itself', async () => {
  await until('the first version is known to be healthy', async () =>
    (await k('get', 'replicasets', '-l', 'app=app', '-o', 'yaml')).includes('flotilla.dev/revision-healthy-since'),
  )
  await apply(deployment('app', 'exit 3', '', ROLLS_BACK))
  await until('the first version is back', async () => {
    const shown = await k('describe', 'deployment', 'app')
    return shown.includes('exec sleep 1000') && shown.includes('AutoRollback')
  })
  await k('rollout', 'status', 'deployment/app', '--timeout=60s')
  const reason = await k('get', 'deployment', 'app', '-o', 'jsonpath={.status.conditions[?(@.type=="RolledBack")].message}') // prettier-ignore
  expect(reason).toMatch(/Rolled back from revision 2 to revision 3: container main of pod app-\S+ crashed \d times, last with exit code 3/) // prettier-ignore
}, 180_000)
