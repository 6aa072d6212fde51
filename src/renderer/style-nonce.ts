// Style elements that libraries add carry the page's nonce, where its content security policy asks for one.

const nonce = document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content

if (nonce) {
  const create = document.createElement.bind(document)
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options)
    if (element instanceof HTMLStyleElement) element.nonce = nonce
    return element
  }) as typeof document.createElement
}
