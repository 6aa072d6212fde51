// Follows the stored definitions: accepts their names, serves the established ones, and empties those being deleted.
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../../shared/api/apiextensions/v1.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import type { WatchHandle } from '../../store/contract.ts'
import { API_SERVER } from '../authn/own-user.ts'
import { holdsCertificate } from '../../pki/trust.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { keyOf, prefixOf } from '../keys.ts'
import type { DynamicResourceIndex } from '../registry/resource-index.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { DialService } from '../webhook/service-dialer.ts'
import { WebhookTransport } from '../webhook/transport.ts'
import { approvalOf } from './approval.ts'
import { CLEANUP, type Verdict, setVerdict } from './conditions.ts'
import { descriptorsOf, storageDescriptorOf, type Surroundings } from './descriptor.ts'

const RETRY_MS = 1000
const NEVER = new AbortController().signal

const asDefinition = (object: AnyObject) => object as unknown as CustomResourceDefinition

/** @returns the first name that another accepted definition of the group has */
function nameConflict(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): Verdict | undefined {
  const { names, group } = definition.spec
  const taken = others
    .filter(other => other.spec.group === group && other.metadata.name !== definition.metadata.name)
    .map(other => other.status.acceptedNames ?? { plural: '', kind: '' })
  const resourceNames = new Set(
    taken.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...(shortNames ?? [])]),
  )
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]))
  const asked: [string, string | undefined, Set<string | undefined>][] = [
    ['Plural', names.plural, resourceNames],
    ['Singular', names.singular, resourceNames],
    ...(names.shortNames ?? []).map((name): [string, string, Set<string | undefined>] => [
      'ShortNames',
      name,
      resourceNames,
    ]),
    ['Kind', names.kind, kinds],
    ['ListKind', names.listKind, kinds],
  ]
  const hit = asked.find(([, name, set]) => name && set.has(name))
  return hit
    ? {
        type: 'NamesAccepted',
        status: 'False',
        reason: `${hit[0]}Conflict`,
        message: `${JSON.stringify(hit[1])} is already in use`,
      }
    : undefined
}

/** @returns why a definition is not served yet */
function hindrance({ spec }: CustomResourceDefinition, conflict: Verdict | undefined): Verdict | undefined {
  const no = (reason: string, message: string): Verdict => ({ type: 'Established', status: 'False', reason, message })
  if (conflict) return no('NotAccepted', 'not all names are accepted')
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle
  return bundle && !holdsCertificate(Buffer.from(bundle, 'base64').toString('latin1'))
    ? no('InvalidCABundle', 'The conversion webhook CABundle is invalid')
    : undefined
}

function verdicts(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Verdict[] {
  const conflict = nameConflict(definition, others)
  const established = isConditionTrue(definition.status.conditions, 'Established')
  const approval = approvalOf(definition)
  return [
    conflict ?? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    (established ? undefined : hindrance(definition, conflict)) ?? {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
    ...(approval
      ? [
          {
            type: 'KubernetesAPIApprovalPolicyConformant',
            status: approval.state === 'ApprovedAnnotation' ? 'True' : 'False',
            reason: approval.state,
            message: approval.message,
          },
        ]
      : []),
  ]
}

/** A definition, and what is served of it by its terms. */
interface Live {
  readonly definition: CustomResourceDefinition
  readonly served: readonly ResourceDescriptor[]
  /** Aborted when its terms change. */
  readonly replaced: AbortController
}

export class Definitions implements Disposable {
  readonly #context: EndpointContext
  readonly #index: DynamicResourceIndex
  readonly #resource: ResourceDescriptor
  readonly #transport: WebhookTransport
  readonly #live = new Map<string, Live>()
  readonly #queue = new Set<string>()
  readonly #timers = new Set<() => void>()
  #watch: WatchHandle | undefined
  #closed = false
  #running = false

  /**
   * @param resource the descriptor of CustomResourceDefinition itself
   * @param dialService the way to Services that convert
   */
  constructor(
    context: EndpointContext,
    index: DynamicResourceIndex,
    resource: ResourceDescriptor,
    dialService: DialService,
  ) {
    this.#transport = new WebhookTransport(dialService)
    this.#context = context
    this.#index = index
    this.#resource = resource
  }

  /** Serves what is stored, then follows. */
  start(): void {
    if (this.#closed) return
    const { store } = this.#context
    const prefix = prefixOf(this.#resource)
    const { items, revision } = store.list(prefix)
    const before = new Map(this.#live)
    this.#live.clear()
    for (const { object } of items) this.#take(asDefinition(object))
    this.#publish()
    for (const { replaced } of before.values()) replaced.abort()
    this.#watch = store.watch(prefix, {
      from: revision,
      onEvent: ({ type, current }) => {
        const { name } = current.object.metadata
        const before = this.#live.get(name)
        if (type === 'DELETED') {
          this.#live.delete(name)
          // A name that is free again may be what another one waits for.
          for (const other of this.#live.keys()) this.#enqueue(other)
        } else this.#take(asDefinition(current.object))
        this.#publish()
        if (before && before.replaced !== this.#live.get(name)?.replaced) before.replaced.abort()
      },
      onEnd: () => this.#later(() => this.start()),
    })
  }

  #take(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata
    const before = this.#live.get(name)
    const same =
      before !== undefined &&
      before.definition.metadata.generation === definition.metadata.generation &&
      before.served.length > 0
    const established = isConditionTrue(definition.status.conditions, 'Established')
    const replaced = same ? before.replaced : new AbortController()
    const terms = () => (established ? descriptorsOf(definition, this.#around(name, replaced.signal)) : [])
    this.#live.set(name, { definition, served: same ? before.served : terms(), replaced })
    this.#enqueue(name)
  }

  #around(name: string, replaced: AbortSignal): Surroundings {
    const isTerminating = () => this.#live.get(name)?.definition.metadata.deletionTimestamp !== undefined
    return { transport: this.#transport, isTerminating, replaced }
  }

  #publish(): void {
    this.#index.setCustom([...this.#live.values()].flatMap(({ served }) => served))
  }

  #later(work: () => void): void {
    if (this.#closed) return
    const cancel = this.#context.clock.after(RETRY_MS, () => {
      this.#timers.delete(cancel)
      work()
    })
    this.#timers.add(cancel)
  }

  #enqueue(name: string): void {
    this.#queue.add(name)
    if (this.#running || this.#closed) return
    this.#running = true
    setImmediate(() => void this.#work())
  }

  async #work(): Promise<void> {
    for (const name of this.#queue) {
      this.#queue.delete(name)
      if (this.#closed) break
      try {
        await this.#sync(name)
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error) && !this.#closed)
          this.#context.log.warn({ err: error, name }, 'a custom resource definition could not be brought up to date')
        if (!isNotFound(error)) this.#later(() => this.#enqueue(name))
      }
    }
    this.#running = false
  }

  async #sync(name: string): Promise<void> {
    const definition = this.#live.get(name)?.definition
    if (!definition) return
    if (definition.metadata.deletionTimestamp) return this.#empty(definition)
    const others = [...this.#live.values()].map(live => live.definition)
    await this.#update(name, copy => {
      const accepted = verdicts(copy, others)
      for (const verdict of accepted) setVerdict(copy, verdict, this.#context.clock.now())
      if (accepted[0]?.status === 'True') copy.status.acceptedNames = copyOfNames(copy.spec.names)
    })
  }

  async #update(name: string, change: (copy: CustomResourceDefinition) => void): Promise<void> {
    await this.#context.change(this.#resource, { namespace: '', name }, copy => change(asDefinition(copy)), {
      user: API_SERVER,
      fieldManager: 'kube-apiserver',
      subresource: 'status',
      strategy: 'raw',
      skipAdmission: true,
    })
  }

  async #empty(definition: CustomResourceDefinition): Promise<void> {
    const { name, finalizers } = definition.metadata
    if (!finalizers?.includes(CLEANUP)) return
    await this.#update(name, copy =>
      setVerdict(
        copy,
        {
          type: 'Terminating',
          status: 'True',
          reason: 'InstanceDeletionInProgress',
          message: 'CustomResource deletion is in progress',
        },
        this.#context.clock.now(),
      ),
    )
    const resource = storageDescriptorOf(definition, this.#around(name, NEVER))
    const { store } = this.#context
    const items = resource ? store.list(prefixOf(resource)).items : []
    for (const { object } of items) {
      if (!resource || this.#closed) return
      const { namespace = '', name: objectName } = object.metadata
      await this.#context
        .delete(resource, { namespace, name: objectName }, { user: API_SERVER })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        })
    }
    if (resource && store.list(prefixOf(resource), { limit: 1 }).items.length > 0) {
      this.#later(() => this.#enqueue(name))
      return
    }
    if (!store.get(keyOf(this.#resource, '', name))) return
    await this.#update(name, copy => {
      copy.metadata.finalizers = (copy.metadata.finalizers ?? []).filter(finalizer => finalizer !== CLEANUP)
    })
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#watch?.close()
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#transport[Symbol.dispose]()
  }
}

const copyOfNames = (names: CustomResourceDefinitionNames): CustomResourceDefinitionNames => structuredClone(names)
