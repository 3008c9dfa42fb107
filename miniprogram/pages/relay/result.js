// The result of a relay: its replay, which names the author of each stroke.

const { Playback } = require('../../lib/playback')
const { nameOf } = require('./room')

/** The relay's page as this module uses it. @typedef {any} RelayPage */

/** Plays the finished relay; laid out again, the replay goes on. @param {RelayPage} page */
async function play(page) {
  const { drawing } = page.room.view
  if (!drawing || page.playback) {
    if (page.playback) await page.playback.layOut()
    return
  }
  const { background, strokes: actions } = page.room.picture
  const film = { width: drawing.width, height: drawing.height, background, actions }
  const playback = new Playback(page, film, () => tell(page))
  page.playback = playback
  await playback.layOut()
  if (page.playback === playback && !page.left && !page.hidden) playback.play()
}

/** Names the author of the stroke that is being drawn. @param {RelayPage} page */
function tell(page) {
  const { playback, room } = page
  if (!playback) return
  const at = playback.player.next
  if (!playback.playing) {
    const { count, people } = page.data
    page.set({ title: '接龙完成', text: `${count} 笔，${people} 位画友`, avatar: '', at: -1 })
    return
  }
  if (playback.time < 0 || at >= room.picture.strokes.length) return
  const author = room.authors()[at]
  page.set({ title: nameOf(author), text: `第 ${at + 1} 笔`, avatar: author.avatar_url || 'none', at })
}

module.exports = { play }
