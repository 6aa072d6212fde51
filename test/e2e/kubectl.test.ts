// The first hour with a cluster, as a user lives it: real kubectl, real containers, real traffic.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientImage } from './support/client-image.ts'
import { Cluster, execute, until } from './support/cluster.ts'

let cluster: Cluster
let image: string

beforeAll(async () => {
  image = clientImage()
  cluster = await Cluster.start()
  await cluster.nodeReady()
})
afterAll(() => cluster[Symbol.asyncDispose]())

const containersOf = (namespace: string) =>
  execFileSync('docker', ['ps', '-q', '--filter', `label=io.kubernetes.pod.namespace=${namespace}`], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)

/** A web server that answers with its pod's name and the ConfigMap's greeting. */
const manifest = (namespace: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: greeting, namespace: ${namespace} }
data: { text: hello }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${namespace} }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${image}
          imagePullPolicy: Never
          command: [sh, -c, 'mkdir -p /www; echo "$GREETING from $(hostname)" > /www/index.html; echo serving; exec httpd -f -v -p 8080 -h /www']
          env: [{ name: GREETING, valueFrom: { configMapKeyRef: { name: greeting, key: text } } }]
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: ${namespace} }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`

const clients: [string, string | undefined][] = [
  ["the machine's kubectl", 'kubectl'],
  ['the newest kubectl', process.env.FLOTILLA_KUBECTL_NEWEST],
]

describe.each(clients)('with %s', (_name, kubectl) => {
  const namespace = kubectl === 'kubectl' ? 'first' : 'second'
  const k = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.run(kubectl ?? 'kubectl', ['-n', namespace, ...args])
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`)
    return stdout
  }
  const answers = async (command: string[], count: number) => {
    const seen = new Set<string>()
    await until(`${count} different replicas answer ${command.join(' ')}`, async () => {
      const { stdout } = await execute(command[0] ?? '', command.slice(1), {
        timeoutMs: 5_000,
        env: { KUBECONFIG: cluster.kubeconfig },
      })
      if (stdout.includes('hello from')) seen.add(stdout.trim())
      return seen.size >= count
    })
    return seen
  }

  it('the client is on this machine', () => {
    expect(kubectl, 'FLOTILLA_KUBECTL_NEWEST is set by scripts/test.mjs').toBeTruthy()
  })

  it('applies a Deployment, a Service and a ConfigMap: 3 of 3 become ready', async () => {
    await k('create', 'namespace', namespace)
    const applied = await cluster.run(kubectl ?? 'kubectl', ['apply', '-f', '-'], manifest(namespace))
    expect(applied.stderr).toBe('')
    expect(applied.stdout).toContain('deployment.apps/web created')
    expect(await k('rollout', 'status', 'deployment/web', '--timeout=60s')).toContain('successfully rolled out')
    expect(await k('get', 'deployment', 'web')).toMatch(/web\s+3\/3\s+3\s+3/)
  })

  it('shows it wide, as YAML, JSON and JSONPath, and describes it', async () => {
    expect(await k('get', 'pods', '-o', 'wide')).toMatch(
      /NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/,
    )
    expect(await k('get', 'deployment', 'web', '-o', 'yaml')).toContain('kind: Deployment')
    expect(JSON.parse(await k('get', 'service', 'web', '-o', 'json'))).toMatchObject({ spec: { type: 'NodePort' } })
    expect(await k('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')).toBe('3')
    expect(await k('get', 'all')).toContain('replicaset.apps/web-')
    expect(await k('describe', 'deployment', 'web')).toContain('ScalingReplicaSet')
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=web', '-o', 'name')).split('\n')
    await until('the events are shown', async () => /Normal\s+Started/.test(await k('describe', pod)))
    expect(await k('explain', 'deployment.spec.replicas')).toContain('integer')
  })

  it('follows logs and runs commands', async () => {
    expect(await k('logs', 'deployment/web')).toContain('serving')
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n')
    expect(await k('exec', pod, '--', 'hostname')).toBe(`${pod.replace('pod/', '')}\n`)
    const failing = await cluster.run(kubectl ?? 'kubectl', ['-n', namespace, 'exec', pod, '--', 'sh', '-c', 'exit 7'])
    expect(failing.code).toBe(7)
    const piped = await cluster.run(
      kubectl ?? 'kubectl',
      ['-n', namespace, 'exec', '-i', pod, '--', 'cat'],
      'over the wire',
    )
    expect(piped.stdout).toBe('over the wire')
    const followed = await execute('timeout', ['3', kubectl ?? 'kubectl', '-n', namespace, 'logs', '-f', pod], {
      env: { KUBECONFIG: cluster.kubeconfig },
    })
    expect(followed.stdout).toContain('serving')
  })

  it('reaches all replicas through the ClusterIP, the NodePort and the DNS name', async () => {
    const [ip = '', port = ''] = (
      await k('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')
    ).split(' ')
    const nodeIp = await k(
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
    )
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n')
    const inside = [kubectl ?? 'kubectl', '-n', namespace, 'exec', pod, '--', 'curl', '-sS', '-m', '3']
    expect((await answers(['curl', '-sS', '-m', '3', `http://${ip}/`], 3)).size).toBe(3)
    expect((await answers(['curl', '-sS', '-m', '3', `http://${nodeIp}:${port}/`], 3)).size).toBe(3)
    expect((await answers([...inside, `http://${ip}/`], 3)).size).toBe(3)
    expect((await answers([...inside, `http://web.${namespace}.svc.cluster.local/`], 3)).size).toBe(3)
    expect((await answers([...inside, 'http://web/'], 3)).size).toBe(3)
  })

  it('scales, updates, rolls back', async () => {
    await k('scale', 'deployment/web', '--replicas=5')
    await k('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect(await k('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')).toBe('5')
    await k('set', 'image', 'deployment/web', 'web=does-not/exist:1')
    await until('a pod of the new revision waits for its image', async () =>
      /ErrImageNeverPull/.test(await k('get', 'pods')),
    )
    await k('rollout', 'undo', 'deployment/web')
    await k('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect(await k('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(image)
    expect(await k('rollout', 'history', 'deployment/web')).toMatch(/REVISION/)
  })

  it('deletes everything: no container is left', async () => {
    await k('delete', 'deployment/web', 'service/web', 'configmap/greeting', '--timeout=60s')
    await until('no container is left', () => Promise.resolve(containersOf(namespace).length === 0))
    await k('delete', 'namespace', namespace, '--timeout=60s')
  })
})
