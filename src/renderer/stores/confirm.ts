// One question at a time to the user before something that cannot be taken back.
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { WhatIfSpec } from '../../shared/api/flotilla/scheduling-v1.ts'

export interface Question {
  readonly title: string
  /** What follows from it, in plain language. */
  readonly text: string
  /** Objects concerned; five are named. */
  readonly names: readonly string[]
  readonly action: string
  readonly danger?: boolean
  /** To be typed before the action is possible. */
  readonly typed?: string
  /** Asks for a whole number, as scaling does. */
  readonly number?: { readonly label: string; readonly value: number }
  /** What the scheduler is asked to tell beforehand; `number` as it is entered. */
  readonly whatIf?: (number: number) => WhatIfSpec
  /** The same with kubectl, with what was entered so far. */
  readonly command?: (entered: Entered) => string
  /** Asks for a line of text; `problem` says what is wrong with it. */
  readonly line?: {
    readonly label: string
    readonly hint: string
    readonly problem: (text: string) => string | undefined
  }
}

export interface Entered {
  readonly number: number
  readonly line: string
}

export type Answer = { readonly confirmed: false } | ({ readonly confirmed: true } & Entered)

export const useConfirmStore = defineStore('confirm', () => {
  const question = shallowRef<Question>()
  let settle: ((answer: Answer) => void) | undefined

  function ask(next: Question): Promise<Answer> {
    settle?.({ confirmed: false })
    question.value = next
    return new Promise(resolve => (settle = resolve))
  }
  function answer(given: Answer) {
    question.value = undefined
    settle?.(given)
    settle = undefined
  }

  return { question, ask, answer }
})
