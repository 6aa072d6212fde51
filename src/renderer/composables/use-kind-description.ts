// What a kind is for, in the server's own words: told where there is none of it yet.
import { type ShallowRef, shallowRef, watch } from 'vue'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'

const MOST_CHARACTERS = 240

/** @returns the first sentence */
export function firstSentence(description: string): string {
  const [sentence = ''] = /^.*?(?:[.!?](?=\s|$)|$)/s.exec(description.trim()) ?? []
  return sentence.length > MOST_CHARACTERS ? '' : sentence.replaceAll(/\s+/g, ' ')
}

/** @param type undefined = nobody wants to know */
export function useKindDescription(type: () => ResourceType<unknown> | undefined): ShallowRef<string> {
  const told = shallowRef('')
  watch(
    type,
    async wanted => {
      told.value = ''
      if (!wanted) return
      const { loadSchema } = await import('../forms/load-schema.ts')
      const schema = await loadSchema(wanted).catch(() => undefined)
      if (wanted === type()) told.value = firstSentence(schema?.description ?? '')
    },
    { immediate: true },
  )
  return told
}
