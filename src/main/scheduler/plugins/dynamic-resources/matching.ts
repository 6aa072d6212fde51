// Whether a device is what a request asks for: by the selectors of its class and its own, by capacity and by taints.
// The answer about a device and a request is the same on every node, so it is found once for a pod.
import { compileSelector, deviceValue, selects } from '../../../cel/device-selector.ts'
import { CelError } from '../../../cel/errors.ts'
import type { Value } from '../../../cel/values.ts'
import type { DeviceSelector, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { firstUntolerated } from '../../../../shared/machinery/taints.ts'
import type { PooledDevice } from './pools.ts'
import type { Alternative } from './requests.ts'
import { takenOf } from './shares.ts'

export type Match = boolean | { readonly problem: string }

export class Matching {
  readonly #known = new Map<Alternative, Map<string, Match>>()
  readonly #values = new Map<string, Value>()

  of(claim: ResourceClaim, alternative: Alternative, device: PooledDevice): Match {
    let known = this.#known.get(alternative)
    if (!known) this.#known.set(alternative, (known = new Map()))
    let match = known.get(device.id)
    if (match === undefined) known.set(device.id, (match = this.#find(claim, alternative, device)))
    return match
  }

  #find(claim: ResourceClaim, alternative: Alternative, device: PooledDevice): Match {
    const { deviceClass, selectors } = alternative
    const ofClass = this.#select(`class ${deviceClass.metadata.name}`, deviceClass.spec.selectors ?? [], device)
    if (ofClass !== true) return ofClass
    const { namespace, name } = claim.metadata
    const own = this.#select(`claim ${namespace}/${name}`, selectors, device)
    return own === true ? takenOf(alternative, device) !== undefined : own
  }

  #select(whose: string, selectors: readonly DeviceSelector[], device: PooledDevice): Match {
    for (const [index, { cel }] of selectors.entries()) {
      const at = `${whose}: selector #${index}`
      if (!cel) return { problem: `${at}: CEL expression empty (unsupported selector type?)` }
      const selector = compileSelector(cel.expression)
      if (selector instanceof Error) return { problem: `${at}: CEL compile error: ${selector.message}` }
      const match = this.#ask(() => selects(selector, this.#valueOf(device)))
      if (typeof match === 'object') return { problem: `${at}: CEL runtime error: ${match.problem}` }
      if (!match) return false
    }
    return true
  }

  #ask(question: () => Match): Match {
    try {
      return question()
    } catch (error) {
      if (error instanceof CelError) return { problem: error.message } // an attribute without a value
      throw error
    }
  }

  #valueOf({ id, driver, device }: PooledDevice): Value {
    let value = this.#values.get(id)
    if (value === undefined) this.#values.set(id, (value = deviceValue(driver, device)))
    return value
  }
}

/** Known effects keep a device from those that do not tolerate its taint; `None` only informs. */
export const isTainted = ({ tolerations }: Alternative, { device }: PooledDevice): boolean =>
  firstUntolerated(device.taints, tolerations, ['NoSchedule', 'NoExecute']) !== undefined
