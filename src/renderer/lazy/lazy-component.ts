// A component that is loaded when it is first drawn. Where it does not come, its place says so, and it is asked for again.
import { type Component, defineComponent, h, onMounted, onScopeDispose, shallowRef } from 'vue'
import { type Part, createPart } from './part.ts'
import PartMissing from './PartMissing.vue'

/** Nothing is said of what comes at once. */
const SAID_AFTER_MS = 300
/** Once or twice may happen to any request. */
const SAID_AFTER_TIMES = 3

/**
 * @param frame what stands around the note that it does not come, for a component that brings its own place, such as a
 *   dialog; it may emit `close`
 */
export const lazyOf = <T extends Component>(part: Part<T>, frame?: Component): T =>
  defineComponent({
    name: 'LazyComponent',
    inheritAttrs: false,
    setup(_, { attrs, slots }) {
      const isLate = shallowRef(false)
      const ends = new AbortController()
      onMounted(() => {
        part.get(ends.signal).catch(() => undefined)
        const timer = setTimeout(() => (isLate.value = true), SAID_AFTER_MS)
        ends.signal.addEventListener('abort', () => clearTimeout(timer))
      })
      onScopeDispose(() => ends.abort())
      return () => {
        const { value, missing } = part
        if (value.value) return h(value.value as Component, attrs, slots)
        const isMissing = missing.value && (missing.value.times >= SAID_AFTER_TIMES || missing.value.isGone)
        if (!isMissing && !isLate.value) return h('span', { hidden: true, 'data-empty': 'loading' })
        const note = h(PartMissing, { missing: isMissing ? missing.value : undefined, onAgain: () => void part.ask() })
        return frame ? h(frame, { onClose: attrs.onClose }, () => note) : note
      }
    },
  }) as unknown as T

export const lazy = <T extends Component>(load: () => Promise<{ default: T }>, frame?: Component): T =>
  lazyOf(
    createPart(async () => (await load()).default),
    frame,
  )
