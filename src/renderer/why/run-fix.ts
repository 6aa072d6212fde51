// Does what a fix offers: goes there, opens an editor, or changes the object after a question.
import type { Router } from 'vue-router'
import { encodeJson } from '../../shared/machinery/json-text.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { Node, Pod } from '../../shared/api/core/v1.ts'
import { rightsOnAll } from '../access/manifest-rights.ts'
import { type Right, rightTo, useRightsStore } from '../access/rights.ts'
import { connection } from '../api/connection.ts'
import { TO_ADD } from '../hosts/host-rights.ts'
import { asKubectl } from '../kinds/actions/as-kubectl.ts'
import { loaded } from '../lazy/part.ts'
import { useDrainStore } from '../nodes/drains.ts'
import { objectRoute } from '../places.ts'
import { useConfirmStore } from '../stores/confirm.ts'
import { useDockStore } from '../stores/dock.ts'
import { useToastStore } from '../stores/toasts.ts'
import type { ObjectRef } from '../world/world.ts'
import type { Fix } from './cause.ts'
import { t } from '../i18n/i18n.ts'

const at = ({ name, namespace }: ObjectRef) => ({ name, ...(namespace ? { namespace } : {}) })

async function change(
  title: string,
  ref: ObjectRef,
  consequence: string,
  danger: boolean,
  command: string,
  run: () => Promise<unknown>,
): Promise<void> {
  const toasts = useToastStore()
  const { confirmed } = await useConfirmStore().ask({
    title: `${title}?`,
    text: consequence,
    names: [ref.name],
    action: title,
    danger,
    command: () => command,
  })
  if (!confirmed || (danger && !(await toasts.goesOn(t('About to delete {things}', { things: ref.name }))))) return
  try {
    await run()
    toasts.done(t('{name}: done', { name: ref.name }))
  } catch (error) {
    toasts.failed(t('{name}: not done', { name: ref.name }), error)
  }
}

/** The verb of a fix that changes what it is about. */
const VERBS = { edit: 'update', patch: 'patch', delete: 'delete' } as const

function rightsFor(fix: Fix): readonly Right[] {
  switch (fix.kind) {
    case 'open':
    case 'host':
      return []
    case 'add-hosts':
      return TO_ADD
    case 'drain':
      return [rightTo('patch', Node, { name: fix.node }), rightTo('create', Pod, { subresource: 'eviction' })]
    case 'create':
      return rightsOnAll('create', [fix.draft], 'default')
    case 'logs': {
      const { namespace, name } = fix.ref
      return [rightTo('get', Pod, { subresource: 'log', namespace, name })]
    }
    default: {
      const { type, namespace, name } = fix.ref
      const subresource = fix.kind === 'patch' ? fix.subresource : undefined
      return [rightTo(VERBS[fix.kind], type, { subresource, namespace, name })]
    }
  }
}

/** Why the user may not do this, in a sentence. */
export const refusalOfFix = (fix: Fix): string | undefined => useRightsStore().refusalOf(rightsFor(fix))

export async function runFix(fix: Fix, router: Router): Promise<void> {
  switch (fix.kind) {
    case 'open':
      await router.push(objectRoute(fix.ref.type, fix.ref.namespace, fix.ref.name, undefined, fix.tab))
      return
    case 'add-hosts':
      await router.push({ name: 'hosts', query: { add: '' } })
      return
    case 'host':
      await router.push({ name: 'hosts', query: { host: fix.name } })
      return
    case 'drain':
      useDrainStore().shown = fix.node
      return
    case 'edit': {
      const { type, namespace, name } = fix.ref
      useDockStore().open({ kind: 'editor', title: name, type: type as ResourceType<AnyObject>, namespace, name })
      return
    }
    case 'logs': {
      const { namespace = '', name } = fix.ref
      useDockStore().open({
        kind: 'logs',
        title: name,
        namespace,
        pod: name,
        container: fix.container,
        ...(fix.previous ? { previous: true } : {}),
      })
      return
    }
    case 'create': {
      const { toYaml } = await loaded(() => import('../api/yaml-text.ts'))
      await router.push({ name: 'create-yaml', state: { draft: toYaml(fix.draft) } })
      return
    }
    case 'patch': {
      const { ref, patch, subresource } = fix
      const type = Array.isArray(patch) ? 'json' : 'merge'
      const words = [...(subresource ? [`--subresource=${subresource}`] : []), `--type=${type}`]
      const command = asKubectl('patch', ref.type, [ref], ...words, `--patch=${encodeJson(patch)}`)
      await change(fix.title, ref, fix.consequence, false, command, () =>
        connection.client.patch(ref.type, at(ref), patch, { type, ...(subresource ? { subresource } : {}) }),
      )
      return
    }
    case 'delete': {
      const { ref, force = false } = fix
      const command = asKubectl('delete', ref.type, [ref], ...(force ? ['--grace-period=0', '--force'] : []))
      await change(fix.title, ref, fix.consequence, true, command, () =>
        connection.client.delete(ref.type, at(ref), force ? { gracePeriodSeconds: 0 } : {}),
      )
    }
  }
}
