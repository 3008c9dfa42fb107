// Copies the link; without this script the link can be selected.
const link = document.getElementById('link')
const copy = document.getElementById('copy')
if (link && copy && navigator.clipboard) {
  copy.hidden = false
  link.addEventListener('focus', () => link.select())
  copy.addEventListener('click', async () => {
    const former = copy.textContent
    try {
      await navigator.clipboard.writeText(link.value)
      copy.textContent = '已复制'
    } catch {
      link.select()
      copy.textContent = '请长按链接复制'
    }
    setTimeout(() => { copy.textContent = former }, 2000)
  })
}
