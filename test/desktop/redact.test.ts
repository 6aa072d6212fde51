// What never leaves the computer with a log bundle.
import { describe, expect, it } from 'vitest'
import { redact } from '../../src/main/desktop/redact.ts'

const PEM = `-----BEGIN EC PRIVATE KEY-----\n${'MHcCAQEEIExampleExampleExample\n'.repeat(3)}-----END EC PRIVATE KEY-----`
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl'

const inside = (value: unknown) => JSON.stringify({ text: JSON.stringify(value) })

describe('redact()', () => {
  it.each([
    ['a PEM block', `before\n${PEM}\nafter`, 'MHcC'],
    ['a PEM block inside of a JSON string', JSON.stringify({ msg: PEM }), 'MHcC'],
    ['a PEM block that was cut off', PEM.slice(0, 70), 'MHcC'],
    [
      'a PEM block that was cut off where another begins',
      `${PEM.slice(0, 70)}${PEM.replaceAll('MHcC', 'MHcD')}`,
      'MHcC',
    ],
    ['a JWT', `got ${JWT}, went on`, 'c2lnbmF0dXJl'],
    ['a bearer token', 'Authorization: Bearer abcdef123456', 'abcdef123456'],
    ['basic credentials', '{"authorization":"Basic dXNlcjpwYXNz"}', 'dXNlcjpwYXNz'],
    ['a log-in link', 'https://127.0.0.1:6443/ui/login#token=Zm9vYmFyYmF6', 'Zm9vYmFyYmF6'],
    ['a password in JSON', '{"password":"hunter2\\" and more","user":"ada"}', 'hunter2'],
    ['its rest after an escaped quote', '{"password":"hunter2\\" and more","user":"ada"}', 'and more'],
    [
      'a password in JSON inside of JSON',
      JSON.stringify({ body: JSON.stringify({ clientSecret: 's3cr3t!' }) }),
      's3cr3t',
    ],
    ['a passphrase in YAML', 'passphrase: correct-horse\nnext: 1', 'correct-horse'],
    ['a kubeconfig', 'client-key-data: LS0tLS1CRUdJTiBFQyBQ\nserver: https://x', 'LS0tLS1'],
    ['an argument', 'flotilla serve --api-token abcd1234 --listen :0', 'abcd1234'],
    ['a key of a cloud', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENG started', 'wJalrXUtnFEMIK7MDENG'],
    ['a key of a store in YAML', 'secretKey: minio-s3cr3t\nnext: 1', 'minio-s3cr3t'],
    ['a password by its older name', '{"passwd":"hunter2"}', 'hunter2'],
    ['a password in a URL', 'postgres://ada:hunter2@db/x', 'hunter2'],
    ['a password in quotes', 'password: "hunter2 and more"', 'and more'],
    ['a password in an argument’s quotes', `flotilla x --password 'hunter2 and more' -v`, 'and more'],
    ['a password of several lines', 'password: |\n  hunter2\n  and more\nnext: 1', 'and more'],
    ['a variable', '{"name":"DB_PASSWORD","value":"hunter2x"}', 'hunter2x'],
    ['a variable in YAML', 'env:\n  - name: DB_PASSWORD\n    value: hunter2 and more\n', 'and more'],
    ['a variable inside of JSON', JSON.stringify({ a: '{"name": "API_TOKEN", "value": "hunter2x"}' }), 'hunter2x'],
    ['a variable of several lines', '- name: DB_PASSWORD\n  value: |\n    hun\n\n    ter2x\n- name: A\n', 'ter2x'],
    ['a variable behind its value in YAML', '- value: hunter2x\n  name: DB_PASSWORD\n', 'hunter2x'],
    [
      'what follows a quote in JSON inside of JSON',
      JSON.stringify(JSON.stringify({ password: '7"hunter2x' })),
      'hunter2x',
    ],
    ['what ends with a backslash in there', JSON.stringify(JSON.stringify({ token: 'hunter2x\\' })), 'hunter2x'],
    ['a password in JSON in JSON in JSON', inside(inside({ password: '7"hunter2x' })), 'hunter2x'],
    ['a variable in there', inside(inside({ name: 'DB_PASSWORD', value: 'hunter2x' })), 'hunter2x'],
    ['what a patch puts', '[{"op": "add", "path": "/stringData/db-password", "value": "hunter2x"}]', 'hunter2x'],
    ['what a patch puts, before where', '[{"value":"hunter2x","op":"add","path":"/data/token"}]', 'hunter2x'],
    ['what a patch in YAML puts', '- op: add\n  path: /stringData/token\n  value: hunter2x\n', 'hunter2x'],
    ['the data of a Secret', '{"kind":"Secret","metadata":{"name":"db"},"data":{"db":"aHVudGVyMg=="}}', 'aHVudGVyMg'],
    [
      'the data of a Secret as kubectl keeps it',
      JSON.stringify({ last: '{"apiVersion":"v1","data":{"db":"aHVudGVyMg=="},"immutable":true,"kind":"Secret"}' }),
      'aHVudGVyMg',
    ],
    [
      'the data of a Secret in lines',
      JSON.stringify({ kind: 'Secret', metadata: { name: 'db' }, data: { db: 'aHVudGVyMg==' } }, undefined, 2),
      'aHVudGVyMg',
    ],
    [
      'the data of a Secret in YAML',
      'kind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  db: aHVudGVyMg==\n',
      'aHVudGVyMg',
    ],
    [
      'the data of a Secret in a list in YAML',
      'items:\n- apiVersion: v1\n  data:\n    db: aHVudGVyMg==\n  kind: Secret\n',
      'aHVudGVyMg',
    ],
    [
      'the data of a Secret in the order of letters',
      '{"data":{"db":"aHVudGVyMg=="},"immutable":true,"kind":"Secret"}',
      'aHVudGVyMg',
    ],
    [
      'text of a Secret with braces and quotes in it',
      '{"kind":"Secret","stringData":{"a":"{\\"pin\\": 4711}","b":"hunter2"}}',
      'hunter2',
    ],
    ['text of a Secret with braces in it', '{"kind":"Secret","stringData":{"a":"}","db":"hunter2"}}', 'hunter2'],
    ['what follows an empty line of a password', 'password: |\n  hun\n\n  ter2\nnext: 1', 'ter2'],
    ['the data of a Secret that is still text', 'stringData:\n  db: hunter2\nkind: Secret', 'hunter2'],
    ['a log-in to a registry', '{"auths":{"r.test":{"auth":"YWRhOmh1bnRlcjI="}}}', 'YWRhOmh1bnRlcjI'],
    ['a log-in to etcd', 'serve --etcd-user root:hunter2 --listen :0', 'hunter2'],
    ['a token in a WebSocket’s protocols', 'base64url.bearer.authorization.k8s.io.aHVudGVyMg, v5', 'aHVudGVyMg'],
    ['a token of a forge', 'clone with glpat-hunter2hunter2x failed', 'hunter2'],
    ['a bootstrap token', 'joins with abcdef.0123456789abcdef now', '0123456789abcdef'],
    ['long base64', `data ${'QUJD'.repeat(40)}=`, 'QUJD'],
  ])('takes out %s', (_what, text, secret) => {
    const redacted = redact(text)
    expect(redacted.text).not.toContain(secret)
    expect(redacted.text).toContain('[hidden]')
    expect(redacted.hidden).toBeGreaterThan(0)
  })

  it.each([
    'pod default/web-5d4f8c7b6-x2x9k is Running on box-2',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'ready https://127.0.0.1:6443 kubeconfig=~/.local/share/flotilla/kubeconfig',
    '{"level":30,"time":1700000000000,"msg":"the token of the service account is renewed"}',
    'GET /api/v1/namespaces/default/secrets?limit=500 200',
    '{"kind":"ConfigMap","data":{"colour":"blue"}}',
    '{"apiVersion":"v1","data":{"colour":"blue"},"kind":"ConfigMap"}',
    'apiVersion: v1\ndata:\n  colour: blue\nkind: ConfigMap\n',
    'kind: Secret\ntype: Opaque\n---\nkind: ConfigMap\ndata:\n  colour: blue\n',
    'authorizer: RBAC, auth: "node"',
    '{"name":"HOME","value":"/root"}, {"op":"replace","path":"/data/user","value":"plain"}',
    '- name: PORT\n  value: 80\n- name: PASSWORD_RULES\n  value: long',
    '- name: HOME\n  value: /root\n- name: DB_PASSWORD\n  value:\n- name: USER\n  value: plain\n',
    '{\\"name\\":\\"HOME\\",\\"value\\":\\"/root\\"}',
  ])('leaves what is no secret: %s', text => expect(redact(text)).toEqual({ text, hidden: 0 }))

  it.each([
    ...['a-', 'a.', '-', 'a_', '\\', '\n', ' \n', '"kind":"Secret"', '"auth":"', 'ETCDCTL_USER=a'],
    ...[
      '"data":{}',
      '"stringData":{"',
      '"stringData":{"a":"',
      '"stringData":{"a":"b",',
      'kind: Secret\n',
      'data:\n a\n',
    ],
  ])('is done soon with a long line of %s', word => expect(redact(word.repeat(400_000 / word.length)).hidden).toBe(0))

  it('changes nothing when it runs again', () => {
    const once = redact(`--password hunter2 ${JWT}\n${PEM}\n{"token":"abcdefgh"}`).text
    expect(redact(once)).toEqual({ text: once, hidden: 0 })
  })
})
