// Changes of a form reach the text one by one, and leave everything else in it alone.
import { describe, expect, it } from 'vitest'
import { pathText, readForm, removeAt, renameKey, setAt, valueAt } from '@/forms/form-text.ts'
import { createCommand, editCommand, mergePatchBetween } from '@/forms/kubectl.ts'
import { decodeBase64Text, encodeBase64Text } from '@/drawer/base64.ts'

const source = `# ours
apiVersion: v1
kind: Service   # the front door
metadata:
  name: web
spec:
  ports:
  - port: 80 # plain
    targetPort: "8080"
  - port: 443
`

describe('setAt()', () => {
  it('changes a plain value and not one other character', () =>
    expect(setAt(source, ['spec', 'ports', 0, 'port'], 8080)).toBe(source.replace('80 # plain', '8080 # plain')))
  it('keeps comments and the way lists are indented when it must add', () => {
    const text = setAt(source, ['spec', 'selector', 'app'], 'web')
    expect(text).toContain('# ours')
    expect(text).toContain('# the front door')
    expect(text).toContain('\n  ports:\n  - port: 80 # plain\n')
    expect(valueAt(readForm(text), ['spec', 'selector'])).toEqual({ app: 'web' })
  })
  it('makes the lists and maps on the way, as blocks', () => {
    const path = ['spec', 'template', 'containers', 0, 'env', 0, 'name']
    const text = setAt('kind: Pod\nspec: {}\n', path, 'A')
    expect(valueAt(readForm(text), path)).toBe('A')
    expect(text).not.toMatch(/[{[]/)
  })
  it('keeps text text, whatever it looks like', () => {
    for (const value of ['true', '1', 'no', '1e3', 'null', 'a: b', '2024-01-01', '"', '#x', 'two\nlines', ' x ', '']) {
      const text = setAt(setAt('kind: ConfigMap\ndata:\n  key: x\n', ['data', 'key'], value), ['data', 'other'], value)
      expect(readForm(text)).toEqual({ kind: 'ConfigMap', data: { key: value, other: value } })
    }
  })
  it('takes hostile keys as data', () => {
    const text = setAt('kind: ConfigMap\n', ['data', '__proto__'], 'x')
    expect(text).toContain('__proto__: x')
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
  it('changes the first document and keeps the others', () => {
    const text = setAt('kind: A\n---\n# second\nkind: B\n', ['metadata', 'name'], 'a')
    expect(text).toContain('---\n# second\nkind: B')
  })
  it('changes nothing in text that cannot be read', () => {
    expect(setAt('a: [', ['a'], 1)).toBe('a: [')
    expect(removeAt('', ['a'])).toBe('')
    expect(readForm('- a\n- b\n')).toBeUndefined()
  })
})

describe('removeAt() and renameKey()', () => {
  it('takes an entry of a list away', () =>
    expect(valueAt(readForm(removeAt(source, ['spec', 'ports', 0])), ['spec', 'ports'])).toEqual([{ port: 443 }]))
  it('renames a key in its place, and never over another', () => {
    const text = 'data:\n  a: 1 # one\n  b: 2\n'
    expect(renameKey(text, ['data', 'a'], 'c')).toBe('data:\n  c: 1 # one\n  b: 2\n')
    expect(renameKey(text, ['data', 'a'], 'b')).toBe(text)
  })
})

it('pathText() names fields as the server does', () =>
  expect(pathText(['spec', 'containers', 0, 'resources', 'limits', 'a.b/c'])).toBe(
    'spec.containers[0].resources.limits[a.b/c]',
  ))

it('secret values go to base64 and back, in any script', () => {
  for (const text of ['', 'plain', 'schlüssel ✓ 鍵', 'a\nb'])
    expect(decodeBase64Text(encodeBase64Text(text))).toBe(text)
})

describe('the kubectl command', () => {
  const object = (kind: string, rest: object) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'x', namespace: 'shop' },
    ...rest,
  })
  it('is the short one where that says everything', () => {
    expect(createCommand(object('ConfigMap', { data: { a: "it's" } }))).toBe(
      `kubectl create configmap x '--from-literal=a=it'\\''s' --namespace=shop`,
    )
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] }]
    expect(createCommand(object('Role', { rules }))).toBe(
      'kubectl create role x --verb=get,list --resource=deployments.apps --namespace=shop',
    )
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'web' } } }
    expect(createCommand(object('PodDisruptionBudget', { spec }))).toBe(
      'kubectl create poddisruptionbudget x --selector=app=web --min-available=1 --namespace=shop',
    )
  })
  it('binds a role to users, groups and service accounts', () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
    const subjects = [
      { kind: 'User', name: 'ada' },
      { kind: 'Group', name: 'ops' },
      { kind: 'ServiceAccount', name: 'ci', namespace: 'build' },
    ]
    expect(createCommand(object('RoleBinding', { roleRef, subjects }))).toBe(
      'kubectl create rolebinding x --clusterrole=view --user=ada --group=ops --serviceaccount=build:ci --namespace=shop',
    )
    const unfinished = [{ kind: 'ServiceAccount', name: 'ci' }]
    expect(createCommand(object('RoleBinding', { roleRef, subjects: unfinished }))).toContain('kubectl apply')
  })
  it('is a file where the short one would lose something', () =>
    expect(createCommand(object('ConfigMap', { data: {}, immutable: true }))).toBe(
      'kubectl apply --server-side -f configmap-x.yaml',
    ))
  it('never holds the value of a secret', () => {
    const secret = object('Secret', { type: 'Opaque', data: { password: encodeBase64Text('hunter2') } })
    expect(createCommand(secret)).toBe('kubectl create secret generic x --from-file=password --namespace=shop')
    const before = { ...secret, metadata: { name: 'x', namespace: 'shop' } }
    expect(editCommand('secrets', before as never, { ...secret, data: { password: 'bmV3' } })).not.toContain('bmV3')
  })
  it('is a merge patch with what changed, for an edit', () => {
    const before = object('Service', { spec: { type: 'ClusterIP', ports: [{ port: 80 }], a: 1 } })
    const after = object('Service', { spec: { type: 'NodePort', ports: [{ port: 81 }] } })
    expect(mergePatchBetween(before, after)).toEqual({ spec: { type: 'NodePort', ports: [{ port: 81 }], a: null } })
    expect(editCommand('services', before as never, before)).toBeUndefined()
    expect(editCommand('services', before as never, after)).toContain('kubectl patch services x --namespace=shop')
  })
})
