// What a place shows, in its URL: it can be linked to, and is gone back to as it was.
import { refDebounced } from '@vueuse/core'
import { type Ref, type WritableComputedRef, computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** @param write '' leaves it out of the URL */
export function useQueryParam<T>(
  name: string,
  read: (text: string) => T,
  write: (value: T) => string,
): WritableComputedRef<T> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => read(typeof route.query[name] === 'string' ? route.query[name] : ''),
    set(value) {
      const { [name]: _old, ...query } = route.query
      const next = write(value)
      void router.replace({ query: next ? { ...query, [name]: next } : query })
    },
  })
}

const itself = (text: string) => text
export const useQueryText = (name: string) => useQueryParam(name, itself, itself)
export const useQueryFlag = (name: string) =>
  useQueryParam(
    name,
    text => text === '1',
    isOn => (isOn ? '1' : ''),
  )

const TYPED_MS = 200

/** What is typed is in the URL once all is typed: with each key, every link on screen would ask whether it leads there. */
export function useTypedQuery(name: string): Ref<string> {
  const param = useQueryText(name)
  const typed = ref(param.value)
  const settled = refDebounced(typed, TYPED_MS)
  /** What the URL says as far as it was followed: while more is typed, its change to what was typed before is no news. */
  let followed = param.value
  watch(settled, text => {
    if (text === followed) return
    followed = text
    param.value = text
  })
  watch(param, text => {
    if (text === followed) return
    followed = text
    typed.value = text
  })
  return typed
}
