// A click on what the user has no right to: nobody hears of it, and no form is sent.
export function holdBack(event: Event): void {
  event.preventDefault()
  event.stopImmediatePropagation()
}
