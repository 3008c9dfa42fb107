// The changes that the owner of a room makes, each after a question.

const { nameOf } = require('./room')

/** A room's page as this module uses it. @typedef {any} RoomPage */

/**
 * @param {RoomPage} page @param {{ title: string, content: string, confirmText: string }} words
 * @param {'remove' | 'end' | 'close' | 'ban'} what @param {object} [data]
 */
function ask(page, words, what, data) {
  page.closePanel()
  wx.showModal({ ...words, confirmColor: '#ad3a29', success: ({ confirm }) => { if (confirm) void page.change(what, data) } })
}

/** @param {RoomPage} page */
function removeLast(page) {
  const words = { title: '拿掉最后一笔？', content: '拿掉后不能恢复，这一笔由下一位重新来接。', confirmText: '拿掉' }
  ask(page, words, 'remove', { seq: page.room.lastStroke })
}

/** @param {RoomPage} page */
function end(page) {
  ask(page, { title: '现在就完成？', content: '不再接新的笔画，大家都能看到回放。', confirmText: '完成' }, 'end')
}

/** @param {RoomPage} page @param {string} title */
function close(page, title) {
  ask(page, { title, content: '别人再也打不开它，画还在你的画廊里。', confirmText: '结束' }, 'close')
}

/** @param {RoomPage} page @param {any} event */
function ban(page, { currentTarget }) {
  const { id, name } = currentTarget.dataset
  ask(page, { title: `请${name}离开？`, content: '以后再也进不来，画过的留着。', confirmText: '请离开' }, 'ban', { person: id })
}

/** Shows the people whom the owner can send away. @param {RoomPage} page */
function openPeople(page) {
  const { me, view } = page.room
  const others = view.people.filter((/** @type {import('./room').Person} */ { id }) => id !== me)
  const persons = others.map((/** @type {import('./room').Person} */ person) => ({ id: person.id, name: nameOf(person), avatar: person.avatar_url || '' }))
  page.setData({ panel: 'people', persons })
}

module.exports = { ban, close, end, openPeople, removeLast }
