// Whether the sidebar is shown: beside the place as the user keeps it, or, where the window is too narrow for both, over
// it for as long as one chooses.
import { useMediaQuery } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { usePreferencesStore } from './preferences.ts'

/** Also what is left of a common screen at 200 % zoom. */
const NARROW = '(width < 960px)'

export const useSidebarStore = defineStore('sidebar', () => {
  const preferences = usePreferencesStore()
  const isOver = useMediaQuery(NARROW)
  const isChoosing = ref(false)
  watch(isOver, () => (isChoosing.value = false))
  const isOpen = computed(() => (isOver.value ? isChoosing.value : preferences.sidebarOpen))
  function toggle() {
    if (isOver.value) isChoosing.value = !isChoosing.value
    else preferences.sidebarOpen = !preferences.sidebarOpen
  }
  function chosen() {
    isChoosing.value = false
  }
  return { isOver, isOpen, toggle, chosen }
})
