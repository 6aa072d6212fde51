// What webhooks and policies make of custom resources, in which a null is a value and a whole number has every digit.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
} from '../../../src/shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { eventually } from '../../support/eventually.ts'
import { jsonPatch, startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { defineKind, type Kind } from '../crd/support/define.ts'

let cluster: SecuredCluster
let hooks: WebhookServer
let loose: Kind
beforeAll(async () => {
  cluster = await startSecuredCluster()
  hooks = await startWebhookServer()
  loose = await defineKind(cluster.api, 'Loose', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  const rules = [
    {
      apiGroups: [loose.type.group],
      apiVersions: ['*'],
      operations: ['CREATE', 'UPDATE'],
      resources: [loose.type.plural],
    },
  ]
  await cluster.admin.create(MutatingWebhookConfiguration, {
    metadata: { name: 'loose' },
    webhooks: ['first', 'second'].map(name => ({
      ...hooks.webhook(`/${name}`),
      rules,
      objectSelector: { matchLabels: { hooks: 'yes' } },
      reinvocationPolicy: 'IfNeeded',
    })),
  })
  await cluster.admin.create(MutatingAdmissionPolicy, {
    metadata: { name: 'loose' },
    spec: {
      matchConstraints: { resourceRules: rules, objectSelector: { matchLabels: { policy: 'yes' } } },
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              '[JSONPatch{op: "add", path: "/next", value: object.at + 2}, JSONPatch{op: "add", path: "/none", value: null}]',
          },
        },
      ],
    },
  })
  await cluster.admin.create(MutatingAdmissionPolicyBinding, {
    metadata: { name: 'loose' },
    spec: { policyName: 'loose' },
  })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await hooks[Symbol.asyncDispose]()
})

const labelled = (...labels: string[]) => ({
  metadata: { name: labels.join('-'), labels: Object.fromEntries(labels.map(label => [label, 'yes'])) },
})
const create = (content: object) =>
  cluster.admin.create(loose.type, { apiVersion: 'rules.example.com/v1', kind: 'Loose', ...content } as AnyObject)

test('a null that one webhook puts in is a change, of which another one is told', async () => {
  const seen: unknown[] = []
  hooks.on('/first', ({ object }: { object: AnyObject }) => {
    seen.push(object['other'])
    return jsonPatch({ op: 'add', path: '/one', value: null })
  })
  hooks.on('/second', () => jsonPatch({ op: 'add', path: '/other', value: null }))
  const made = await create(labelled('hooks'))
  expect([made['one'], made['other']]).toEqual([null, null])
  expect(seen).toEqual([undefined, null])
})

test('whole numbers reach webhooks and are taken from them digit by digit', async () => {
  hooks.on('/first', ({ object }: { object: AnyObject }) =>
    jsonPatch({ op: 'add', path: '/seen', value: object['at'] }),
  )
  hooks.on('/second', () => ({ allowed: true }))
  const made = await create({ ...labelled('hooks', 'numbers'), at: 9007199254740993n })
  expect(made['seen']).toBe(9007199254740993n)
})

test('policies count with every digit, and a null that they put in stays', async () => {
  await eventually(async () => {
    const made = await create({ ...labelled('policy'), at: 9007199254740993n })
    await cluster.admin.delete(loose.type, { name: 'policy' })
    expect([made['next'], made['none']]).toEqual([9007199254740995n, null])
  })
})

test('a webhook that takes the last label away leaves no empty labels', async () => {
  hooks.on('/first', () => jsonPatch({ op: 'remove', path: '/metadata/labels/hooks' }))
  hooks.on('/second', () => ({ allowed: true }))
  const made = await create({ metadata: { name: 'bare', labels: { hooks: 'yes' } } })
  expect(made.metadata).not.toHaveProperty('labels')
  expect((await cluster.admin.get(loose.type, { name: 'bare' })).metadata).not.toHaveProperty('labels')
})
