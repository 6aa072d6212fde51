// Hands a file made in the window to the user, as a download.

export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has its own hold on the content once it started.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
