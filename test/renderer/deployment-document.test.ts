// The form and the YAML stay in step, both ways, and nothing that the form does not know is lost.
import { describe, expect, it } from 'vitest'
import { parseObjects } from '@/api/yaml-text.ts'
import { type ModelChange, readManifest, startingManifest, writeManifest } from '@/create/deployment-document.ts'
import { kubectlCommands } from '@/create/kubectl-command.ts'
import type { Deployment } from '../../src/shared/api/apps/v1.ts'
import type { Service } from '../../src/shared/api/core/v1.ts'

const write = (...changes: ModelChange[]) => changes.reduce(writeManifest, startingManifest('default'))
const deploymentOf = (text: string) => parseObjects(text)[0] as unknown as Deployment
const containerOf = (text: string) => deploymentOf(text).spec.template.spec!.containers[0]!

describe('writing the form into the YAML', () => {
  it('names the deployment, its labels, its selector and its container alike', () => {
    const text = write({ name: 'web' })
    const { metadata, spec } = deploymentOf(text)
    expect(metadata.name).toBe('web')
    expect(metadata.labels).toEqual({ app: 'web' })
    expect(spec.selector.matchLabels).toEqual({ app: 'web' })
    expect(spec.template.metadata?.labels).toEqual({ app: 'web' })
  })

  it('renames letter by letter, as typing does', () => {
    const text = write({ name: 'w' }, { name: 'we' }, { name: 'web' }, { name: '' }, { name: 'shop' })
    expect(deploymentOf(text).spec.selector.matchLabels).toEqual({ app: 'shop' })
    expect(containerOf(text).name).toBe('shop')
  })

  it('leaves labels alone that the user chose apart from the name', () => {
    const custom = startingManifest('default').replaceAll(/app:$/gm, 'app: mine')
    expect(deploymentOf(writeManifest(custom, { name: 'web' })).spec.selector.matchLabels).toEqual({ app: 'mine' })
  })

  it('writes ports, environment and resources, in any order', () => {
    const text = write(
      { memoryLimit: '256Mi' },
      { ports: [{ containerPort: 8080, name: '', protocol: 'TCP' }] },
      { env: [{ name: 'MODE', value: 'on', isReference: false }] },
      { cpuRequest: '100m' },
      { image: 'nginx:1.29', replicas: 3 },
    )
    expect(containerOf(text)).toMatchObject({
      image: 'nginx:1.29',
      ports: [{ containerPort: 8080 }],
      env: [{ name: 'MODE', value: 'on' }],
      resources: { requests: { cpu: '100m' }, limits: { memory: '256Mi' } },
    })
    expect(deploymentOf(text).spec.replicas).toBe(3)
    expect(text).not.toContain('{')
  })

  it('takes empty fields away together with the parents that they leave empty', () => {
    const text = write({ cpuRequest: '1', memoryLimit: '1Gi' }, { cpuRequest: '' }, { memoryLimit: '' })
    expect(containerOf(text)).not.toHaveProperty('resources')
    const ports = [{ containerPort: 1, name: '', protocol: 'TCP' }]
    expect(containerOf(write({ ports }, { ports: [] }))).not.toHaveProperty('ports')
  })

  it('keeps what is no number as it was entered, for the server to refuse: nothing is made of it unseen', () => {
    const ports = [{ containerPort: '80a', name: '', protocol: 'TCP' }]
    const text = write({ replicas: '1.5x', ports }, { service: { type: 'ClusterIP', port: 'http', targetPort: '80' } })
    expect(deploymentOf(text).spec.replicas).toBe('1.5x')
    expect(containerOf(text).ports).toEqual([{ containerPort: '80a' }])
    const { model } = readManifest(text)
    expect(model).toMatchObject({ replicas: '1.5x', ports, service: { port: 'http' } })
    const negative = write({ replicas: -1 })
    expect(readManifest(negative).model?.replicas).toBe(-1)
  })

  it('keeps values of variables text, whatever they look like', () => {
    const value = (text: string) => write({ env: [{ name: 'A', value: text, isReference: false }] })
    for (const each of ['true', '1', 'yes', '1e3', 'null', 'a: b', '2024-01-01', '"'])
      expect(containerOf(value(each)).env?.[0]?.value).toBe(each)
  })

  it('keeps comments and fields that the form does not know', () => {
    const source = startingManifest('default')
      .replace('spec:\n', 'spec:\n  # patience\n  minReadySeconds: 7\n')
      .replace('          image:', '          image: x\n          tty: true # for shells')
    const text = writeManifest(source, {
      name: 'web',
      replicas: 4,
      ports: [{ containerPort: 1, name: 'a', protocol: 'UDP' }],
    })
    expect(text).toContain('# patience')
    expect(text).toContain('tty: true # for shells')
    expect(deploymentOf(text).spec.minReadySeconds).toBe(7)
    expect(containerOf(text).ports).toEqual([{ name: 'a', containerPort: 1, protocol: 'UDP' }])
  })

  it('adds a Service as a second document, changes it, and takes it away again', () => {
    const withService = write(
      { name: 'web', ports: [{ containerPort: 8080, name: '', protocol: 'TCP' }] },
      { service: { type: 'NodePort', port: 80, targetPort: '8080' } },
      { name: 'shop' },
    )
    const service = parseObjects(withService)[1] as unknown as Service
    expect(service.metadata).toEqual({ name: 'shop', namespace: 'default' })
    expect(service.spec).toEqual({
      type: 'NodePort',
      selector: { app: 'shop' },
      ports: [{ port: 80, targetPort: 8080 }],
    })
    expect(parseObjects(writeManifest(withService, { service: undefined }))).toHaveLength(1)
  })

  it('shows a value without quotes as it is written, also a number of 64 bits', () => {
    const source = startingManifest('default').replace(
      '          image:',
      '          image: x\n          env:\n            - name: A\n              value: 9007199254740993',
    )
    expect(readManifest(source).model?.env).toEqual([{ name: 'A', value: '9007199254740993', isReference: false }])
  })

  it('leaves references of variables as they are', () => {
    const source = startingManifest('default').replace(
      '          image:',
      '          image: x\n          env:\n            - name: A\n              valueFrom:\n                fieldRef:\n                  fieldPath: metadata.name',
    )
    const { model } = readManifest(source)
    expect(model?.env).toEqual([{ name: 'A', value: '', isReference: true }])
    const text = writeManifest(source, { env: [...model!.env, { name: 'B', value: '2', isReference: false }] })
    expect(containerOf(text).env).toEqual([
      { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'B', value: '2' },
    ])
  })
})

describe('reading the YAML into the form', () => {
  it('reads back what was written', () => {
    const change = {
      name: 'web',
      namespace: 'shop',
      image: 'a/b:1',
      replicas: 2,
      ports: [{ containerPort: 80, name: 'http', protocol: 'TCP' }],
      env: [{ name: 'A', value: 'b', isReference: false }],
      cpuRequest: '100m',
      memoryRequest: '64Mi',
      cpuLimit: '1',
      memoryLimit: '128Mi',
      service: { type: 'ClusterIP', port: 80, targetPort: 'http' },
    }
    expect(readManifest(write(change)).model).toEqual(change)
  })

  it('says where YAML is broken instead of guessing', () => {
    const { model, problems } = readManifest('apiVersion: apps/v1\nkind: [Deployment\n')
    expect(model).toBeUndefined()
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]!.from).toBeGreaterThan(0)
  })

  it('says that there is no Deployment when there is none', () => {
    expect(readManifest('kind: Service\napiVersion: v1\n').obstacle).toContain('no Deployment')
    expect(readManifest('').obstacle).toContain('no Deployment')
  })

  it('writing into YAML that cannot be read changes nothing', () => {
    expect(writeManifest('a: [', { name: 'x' })).toBe('a: [')
  })
})

describe('kubectlCommands()', () => {
  it('prints what creates the same, quoted for a shell', () => {
    const { model } = readManifest(
      write({
        name: 'web',
        image: 'nginx:1.29',
        replicas: 3,
        ports: [{ containerPort: 8080, name: '', protocol: 'TCP' }],
        env: [{ name: 'GREETING', value: "it's $HOME", isReference: false }],
        cpuRequest: '100m',
        memoryLimit: '256Mi',
        service: { type: 'ClusterIP', port: 80, targetPort: '8080' },
      }),
    )
    expect(kubectlCommands(model!)).toEqual([
      'kubectl create deployment web --image=nginx:1.29 --replicas=3 --port=8080 --namespace=default',
      `kubectl set env deployment/web 'GREETING=it'\\''s $HOME' --namespace=default`,
      'kubectl set resources deployment/web --requests=cpu=100m --limits=memory=256Mi --namespace=default',
      'kubectl expose deployment web --port=80 --target-port=8080 --namespace=default',
    ])
  })
})
