//! Cases of appends and reads of actions.

use std::time::Duration;

use futures_util::future::join_all;
use yibi_common::drawing::{Mode, Paper};
use yibi_server::domain::batch::{Appended, Batch, Obstacle};
use yibi_server::domain::drawing::{Header, NewDrawing};

use crate::given::{GalleryUnderTest, actions, at, batch, blank, blob, blobs, draw, header, user};

fn refusal(appended: Appended) -> (Obstacle, Header) {
    match appended {
        Appended::Refused(obstacle, header) => (obstacle, *header),
        Appended::Done { .. } | Appended::Missing => panic!("not refused: {appended:?}"),
    }
}

fn one_stroke() -> NewDrawing {
    NewDrawing { mode: Mode::OneStroke, explicit: true, ..blank() }
}

/// A batch that meets the conditions of a drawing in mode `one_stroke`.
fn fitting(from_seq: u32, blobs: Vec<Vec<u8>>) -> Batch {
    Batch { one_stroke_width: Some(1), ..batch(from_seq, blobs) }
}

pub async fn the_first_append_makes_the_drawing<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let new = NewDrawing {
        title: "小猫 🐈".to_owned(),
        paper: Paper { width: 1000, height: 777 },
        mode: Mode::Free,
        explicit: true,
    };
    let first = batch(0, blobs(0, 3));
    let appended = gallery.append(&ann, "cat", &first, Some(&new), at(5)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 3, created: true });
    let expected = Header {
        id: "cat".to_owned(),
        weapp_id: None,
        title: "小猫 🐈".to_owned(),
        paper: Paper { width: 1000, height: 777 },
        mode: Mode::Free,
        base: 0,
        seq: 3,
        all_weapp: false,
        stroke_count: 3,
        point_count: 60,
        bytes: first.bytes(),
        created_at: at(5),
        updated_at: at(5),
        first_saved_at: at(5),
        deleted_at: None,
        authors: Vec::new(),
        room: None,
    };
    assert_eq!(header(gallery, &ann, "cat").await, expected);
    let stored = gallery.read(&ann, "cat", 0).await.unwrap().unwrap();
    assert_eq!(stored.header, expected);
    assert_eq!((stored.since, stored.actions), (0, blobs(0, 3)));
}

pub async fn a_drawing_is_made_at_0_only<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (from_seq, create) in [(0, None), (7, None), (7, Some(&blank()))] {
        let appended = gallery.append(&ann, "d", &batch(from_seq, blobs(0, 1)), create, at(0)).await.unwrap();
        assert_eq!(appended, Appended::Missing, "{from_seq}, {create:?}");
    }
    assert_eq!(gallery.header(&ann, "d").await.unwrap(), None);
}

pub async fn an_append_goes_behind_the_list<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    let before = header(gallery, &ann, "d").await;
    let more = batch(3, blobs(3, 2));
    let appended = gallery.append(&ann, "d", &more, None, at(9)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 5, created: false });
    let expected = Header {
        seq: 5,
        stroke_count: 5,
        point_count: 100,
        bytes: before.bytes + more.bytes(),
        updated_at: at(9),
        ..before
    };
    assert_eq!(header(gallery, &ann, "d").await, expected);
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 5));
}

pub async fn an_empty_batch_makes_a_drawing_and_changes_none<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let none = batch(0, Vec::new());
    let made = gallery.append(&ann, "d", &none, Some(&blank()), at(1)).await.unwrap();
    assert_eq!(made, Appended::Done { seq: 0, created: true });
    let empty = header(gallery, &ann, "d").await;
    assert_eq!((empty.seq, empty.bytes, empty.all_weapp), (0, 0, true));
    assert_eq!(actions(gallery, &ann, "d").await, Vec::<Vec<u8>>::new());

    let again = gallery.append(&ann, "d", &none, Some(&blank()), at(2)).await.unwrap();
    assert_eq!(again, Appended::Done { seq: 0, created: false });
    assert_eq!(header(gallery, &ann, "d").await, empty);

    let first = gallery.append(&ann, "d", &batch(0, blobs(0, 1)), Some(&blank()), at(3)).await.unwrap();
    assert_eq!(first, Appended::Done { seq: 1, created: false });
    let (obstacle, _) = refusal(gallery.append(&ann, "d", &none, None, at(4)).await.unwrap());
    assert_eq!(obstacle, Obstacle::Moved);
    let nothing = gallery.append(&ann, "d", &batch(1, Vec::new()), None, at(5)).await.unwrap();
    assert_eq!(nothing, Appended::Done { seq: 1, created: false });
    assert_eq!(header(gallery, &ann, "d").await.updated_at, at(3));
}

pub async fn a_list_that_ends_elsewhere_refuses<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    let before = header(gallery, &ann, "d").await;
    for from_seq in [0, 2, 4, u32::MAX] {
        let appended = gallery.append(&ann, "d", &batch(from_seq, blobs(9, 1)), None, at(1)).await.unwrap();
        assert_eq!(refusal(appended), (Obstacle::Moved, before.clone()), "{from_seq}");
    }
    let appended = gallery.append(&ann, "d", &batch(0, blobs(9, 1)), Some(&blank()), at(1)).await.unwrap();
    assert_eq!(refusal(appended), (Obstacle::Moved, before.clone()));
    assert_eq!(header(gallery, &ann, "d").await, before);
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 3));
}

pub async fn a_drawing_of_another_paper_or_mode_refuses<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let none = fitting(0, Vec::new());
    gallery.append(&ann, "d", &none, Some(&blank()), at(0)).await.unwrap();
    let one = batch(0, blobs(0, 1));
    let narrow = NewDrawing { paper: Paper { width: 2047, ..Paper::default() }, explicit: true, ..blank() };
    let low = NewDrawing { paper: Paper { height: 300, ..Paper::default() }, explicit: true, ..blank() };
    for other in [&narrow, &low, &one_stroke()] {
        for batch in [&none, &one] {
            let appended = gallery.append(&ann, "d", batch, Some(other), at(1)).await.unwrap();
            assert_eq!(refusal(appended).0, Obstacle::Moved, "{other:?}");
        }
    }
    let unsaid = NewDrawing { explicit: false, ..low };
    let titled = NewDrawing { title: "another".to_owned(), explicit: true, ..blank() };
    let appended = gallery.append(&ann, "d", &none, Some(&titled), at(2)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 0, created: false });
    let appended = gallery.append(&ann, "d", &one, Some(&unsaid), at(2)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 1, created: false });
    let drawing = header(gallery, &ann, "d").await;
    assert_eq!((drawing.paper, drawing.title.as_str()), (Paper::default(), ""));
}

pub async fn the_bin_refuses<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    let binned = gallery.set_deleted(&ann, "d", true, at(1)).await.unwrap().unwrap();
    for (batch, create) in [
        (batch(3, blobs(3, 1)), None),
        (batch(3, Vec::new()), None),
        (batch(9, blobs(3, 1)), None),
        (batch(0, blobs(0, 1)), Some(&blank())),
    ] {
        let appended = gallery.append(&ann, "d", &batch, create, at(2)).await.unwrap();
        assert_eq!(refusal(appended), (Obstacle::Deleted, binned.clone()));
    }
    gallery.set_deleted(&ann, "d", false, at(3)).await.unwrap();
    let appended = gallery.append(&ann, "d", &batch(3, blobs(3, 1)), None, at(4)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 4, created: false });
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 4));
}

pub async fn one_stroke_refuses_a_second_stroke_and_what_does_not_fit<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let background = Batch { stroke_count: 0, point_count: 0, ..fitting(0, blobs(0, 1)) };
    gallery.append(&ann, "d", &background, Some(&one_stroke()), at(0)).await.unwrap();
    for batch in [batch(1, blobs(1, 1)), fitting(1, blobs(1, 2))] {
        let appended = gallery.append(&ann, "d", &batch, None, at(1)).await.unwrap();
        assert_eq!(refusal(appended).0, Obstacle::OneStroke);
    }
    let appended = gallery.append(&ann, "d", &fitting(1, blobs(1, 1)), None, at(2)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 2, created: false });
    let appended = gallery.append(&ann, "d", &fitting(2, blobs(2, 1)), None, at(3)).await.unwrap();
    assert_eq!(refusal(appended).0, Obstacle::OneStroke);
    let another = Batch { from_seq: 2, ..background };
    let appended = gallery.append(&ann, "d", &another, None, at(3)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 3, created: false });
    assert_eq!(header(gallery, &ann, "d").await.stroke_count, 1);
}

pub async fn a_paper_too_small_refuses<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 1, at(0)).await;
    let Paper { width, height } = Paper::default();
    for min_paper in [Paper { width: width + 1, height }, Paper { width, height: height + 1 }] {
        let wide = Batch { min_paper, ..batch(1, blobs(1, 1)) };
        let appended = gallery.append(&ann, "d", &wide, None, at(1)).await.unwrap();
        assert_eq!(refusal(appended).0, Obstacle::OffPaper);
    }
    let exact = Batch { min_paper: Paper::default(), ..batch(1, blobs(1, 1)) };
    let appended = gallery.append(&ann, "d", &exact, None, at(1)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 2, created: false });
}

pub async fn too_many_actions_are_refused<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    let three = Batch { max_actions: 5, ..batch(3, blobs(3, 3)) };
    let appended = gallery.append(&ann, "d", &three, None, at(1)).await.unwrap();
    assert_eq!(refusal(appended).0, Obstacle::Actions);
    let two = Batch { max_actions: 5, ..batch(3, blobs(3, 2)) };
    let appended = gallery.append(&ann, "d", &two, None, at(1)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 5, created: false });
}

pub async fn too_many_bytes_are_refused<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    let bytes = header(gallery, &ann, "d").await.bytes;
    let over = Batch { max_bytes: bytes + 99, ..batch(3, vec![blob(3, 50), blob(4, 50)]) };
    let appended = gallery.append(&ann, "d", &over, None, at(1)).await.unwrap();
    assert_eq!(refusal(appended).0, Obstacle::Bytes);
    let exact = Batch { max_bytes: bytes + 100, ..over };
    let appended = gallery.append(&ann, "d", &exact, None, at(1)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 5, created: false });
    assert_eq!(header(gallery, &ann, "d").await.bytes, bytes + 100);
}

pub async fn too_many_points_are_refused<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 3, at(0)).await;
    assert_eq!(header(gallery, &ann, "d").await.point_count, 60);
    let over = Batch { max_points: 99, ..batch(3, blobs(3, 2)) };
    let appended = gallery.append(&ann, "d", &over, None, at(1)).await.unwrap();
    assert_eq!(refusal(appended).0, Obstacle::Points);
    assert_eq!(header(gallery, &ann, "d").await.seq, 3);
    let exact = Batch { max_points: 100, ..over };
    let appended = gallery.append(&ann, "d", &exact, None, at(1)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 5, created: false });
    assert_eq!(header(gallery, &ann, "d").await.point_count, 100);
    // An undo adds no points, so even a drawing beyond the limit takes it.
    let undo = Batch { stroke_count: 0, point_count: 0, max_points: 1, ..batch(5, blobs(5, 1)) };
    let appended = gallery.append(&ann, "d", &undo, None, at(2)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 6, created: false });
}

/// Begins with a batch that violates every rule and then removes one violation after the other.
pub async fn obstacles_are_told_in_their_order<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let none = fitting(0, Vec::new());
    gallery.append(&ann, "d", &none, Some(&one_stroke()), at(0)).await.unwrap();
    gallery.set_deleted(&ann, "d", true, at(1)).await.unwrap();
    let hopeless = Batch {
        from_seq: 4,
        min_paper: Paper { width: 9_000, height: 9_000 },
        max_actions: 0,
        max_bytes: 0,
        max_points: 0,
        ..batch(4, blobs(0, 1))
    };
    let refused = async |batch: &Batch, create: Option<&NewDrawing>| {
        refusal(gallery.append(&ann, "d", batch, create, at(2)).await.unwrap()).0
    };
    assert_eq!(refused(&hopeless, None).await, Obstacle::Deleted);
    gallery.set_deleted(&ann, "d", false, at(1)).await.unwrap();
    assert_eq!(refused(&hopeless, None).await, Obstacle::Moved);
    let mut batch = Batch { from_seq: 0, ..hopeless };
    assert_eq!(
        refused(&batch, Some(&NewDrawing { mode: Mode::Free, ..one_stroke() })).await,
        Obstacle::Moved
    );
    assert_eq!(refused(&batch, None).await, Obstacle::OneStroke);
    batch.one_stroke_width = Some(one_stroke().paper.width + 1);
    assert_eq!(refused(&batch, None).await, Obstacle::OneStroke);
    batch.one_stroke_width = Some(one_stroke().paper.width);
    assert_eq!(refused(&batch, None).await, Obstacle::OffPaper);
    batch.min_paper = Paper::default();
    assert_eq!(refused(&batch, None).await, Obstacle::Actions);
    batch.max_actions = 1;
    assert_eq!(refused(&batch, None).await, Obstacle::Bytes);
    batch.max_bytes = batch.bytes();
    assert_eq!(refused(&batch, None).await, Obstacle::Points);
    batch.max_points = batch.point_count;
    let appended = gallery.append(&ann, "d", &batch, None, at(3)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 1, created: false });
}

pub async fn a_new_drawing_refuses_what_an_empty_one_would<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let one = batch(0, blobs(0, 1));
    let wide = Batch { min_paper: Paper { width: 2049, height: 1 }, ..one.clone() };
    let many = Batch { max_actions: 0, ..one.clone() };
    let long = Batch { max_bytes: 1, ..one.clone() };
    let dense = Batch { max_points: 1, ..one.clone() };
    for (batch, create, expected) in [
        (&one, one_stroke(), Obstacle::OneStroke),
        (&wide, blank(), Obstacle::OffPaper),
        (&many, blank(), Obstacle::Actions),
        (&long, blank(), Obstacle::Bytes),
        (&dense, blank(), Obstacle::Points),
    ] {
        let appended = gallery.append(&ann, "d", batch, Some(&create), at(0)).await.unwrap();
        assert_eq!(refusal(appended), (expected, Header::fresh("d", &create, at(0))));
        assert_eq!(gallery.header(&ann, "d").await.unwrap(), None);
    }
}

pub async fn of_many_appends_at_one_number_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 2, at(0)).await;
    let tasks = (0..16).map(|task| {
        let (gallery, ann) = (gallery.clone(), ann.clone());
        tokio::spawn(async move {
            let mine = batch(2, vec![blob(100 + task, 60)]);
            gallery.append(&ann, "d", &mine, None, at(1)).await.unwrap()
        })
    });
    let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<u32> = (0..)
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Appended::Done { seq: 3, created: false })
        .map(|(task, _)| task)
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    for outcome in outcomes {
        if outcome != (Appended::Done { seq: 3, created: false }) {
            let (obstacle, header) = refusal(outcome);
            assert_eq!((obstacle, header.seq), (Obstacle::Moved, 3));
        }
    }
    let expected = [blobs(0, 2), vec![blob(100 + winners[0], 60)]].concat();
    assert_eq!(actions(gallery, &ann, "d").await, expected);
}

pub async fn of_many_creations_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let tasks = (0..16).map(|task| {
        let (gallery, ann) = (gallery.clone(), ann.clone());
        tokio::spawn(async move {
            let mine = batch(0, vec![blob(task, 60)]);
            gallery.append(&ann, "d", &mine, Some(&blank()), at(1)).await.unwrap()
        })
    });
    let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let created = Appended::Done { seq: 1, created: true };
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == created).count(), 1, "{outcomes:?}");
    for (task, outcome) in (0..).zip(outcomes) {
        if outcome == created {
            assert_eq!(actions(gallery, &ann, "d").await, [blob(task, 60)]);
        } else {
            assert_eq!(refusal(outcome).0, Obstacle::Moved);
        }
    }
    assert_eq!(gallery.usage(&ann).await.unwrap().drawings, 1);
}

/// Several devices share a drawing: each retries at the end that the refusal names.
pub async fn appends_by_many_tasks_all_arrive_in_order<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 0, at(0)).await;
    let tasks = (0..8_u32).map(|task| {
        let (gallery, ann) = (gallery.clone(), ann.clone());
        tokio::spawn(async move {
            let mut mine = Vec::new();
            let mut end = 0;
            while mine.len() < 10 {
                let number = task * 10 + u32::try_from(mine.len()).unwrap();
                let one = batch(end, vec![blob(number, 300)]);
                match gallery.append(&ann, "d", &one, None, at(1)).await.unwrap() {
                    Appended::Done { seq, .. } => {
                        mine.push((end, number));
                        end = seq;
                    }
                    refused @ (Appended::Missing | Appended::Refused(..)) => end = refusal(refused).1.seq,
                }
            }
            mine
        })
    });
    let mut placed: Vec<_> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    placed.sort_unstable();
    let places: Vec<u32> = placed.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (0..80).collect::<Vec<_>>());
    let expected: Vec<_> = placed.iter().map(|(_, number)| blob(*number, 300)).collect();
    assert_eq!(actions(gallery, &ann, "d").await, expected);
}

pub async fn a_long_drawing_reads_back_exactly<G: GalleryUnderTest>(gallery: &G) {
    const LENGTH: u32 = 2_000;
    let ann = user("ann");
    let all = blobs(0, LENGTH);
    draw(gallery, &ann, "d", 1, at(0)).await;
    let mut seq = 1;
    for size in [1, 7, 64, 3, 20, 11, 200, 2].into_iter().cycle() {
        let end = LENGTH.min(seq + size);
        let next = batch(seq, all[seq as usize..end as usize].to_vec());
        let appended = gallery.append(&ann, "d", &next, None, at(i64::from(end))).await.unwrap();
        assert_eq!(appended, Appended::Done { seq: end, created: false });
        seq = end;
        if seq == LENGTH {
            break;
        }
    }
    let stored = gallery.read(&ann, "d", 0).await.unwrap().unwrap();
    assert_eq!((stored.header.base, stored.header.seq, stored.since), (0, LENGTH, 0));
    assert_eq!(stored.header.bytes, all.iter().map(|blob| blob.len() as u64).sum::<u64>());
    assert_eq!((stored.header.stroke_count, stored.header.point_count), (LENGTH, LENGTH * 20));
    assert!(stored.actions == all, "the actions differ");
    for since in [1, 2, 63, 64, 65, 500, 777, 1_234, 1_998, 1_999, 2_000] {
        let tail = gallery.read(&ann, "d", since).await.unwrap().unwrap();
        assert_eq!(tail.since, since);
        assert!(tail.actions == all[since as usize..], "the actions since {since} differ");
    }
}

pub async fn since_reads_the_tail_from_anywhere<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 5, at(0)).await;
    for since in 0..=5 {
        let tail = gallery.read(&ann, "d", since).await.unwrap().unwrap();
        assert_eq!((tail.since, tail.actions), (since, blobs(since, 5 - since)));
    }
    for beyond in [6, 1_000, u32::MAX] {
        let tail = gallery.read(&ann, "d", beyond).await.unwrap().unwrap();
        assert_eq!((tail.since, tail.actions.len(), tail.header.seq), (5, 0, 5));
    }
    gallery.set_deleted(&ann, "d", true, at(1)).await.unwrap();
    let binned = gallery.read(&ann, "d", 3).await.unwrap().unwrap();
    assert_eq!((binned.header.deleted_at, binned.actions), (Some(at(1)), blobs(3, 2)));
}

pub async fn big_actions_read_back_exactly<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let all = [blob(0, 30), blob(1, 600_000), blob(2, 1), blob(3, 16_384), blob(4, 300_000), blob(5, 70)];
    let first = batch(0, all[..2].to_vec());
    gallery.append(&ann, "d", &first, Some(&blank()), at(0)).await.unwrap();
    gallery.append(&ann, "d", &batch(2, all[2..3].to_vec()), None, at(1)).await.unwrap();
    gallery.append(&ann, "d", &batch(3, all[3..].to_vec()), None, at(2)).await.unwrap();
    assert!(actions(gallery, &ann, "d").await == all, "the actions differ");
    let tail = gallery.read(&ann, "d", 4).await.unwrap().unwrap();
    assert!(tail.actions == all[4..], "the tail differs");
    assert_eq!(gallery.usage(&ann).await.unwrap().bytes, 916_485);
}

pub async fn a_reader_never_sees_half_an_append<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 10, at(0)).await;
    let writer = {
        let (gallery, ann) = (gallery.clone(), ann.clone());
        tokio::spawn(async move {
            for round in 1..30 {
                let ten = batch(round * 10, blobs(round * 10, 10));
                let appended = gallery.append(&ann, "d", &ten, None, at(1)).await.unwrap();
                assert_eq!(appended, Appended::Done { seq: round * 10 + 10, created: false });
            }
        })
    };
    let watched = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let stored = gallery.read(&ann, "d", 0).await.unwrap().unwrap();
            assert_eq!(stored.header.seq % 10, 0);
            assert!(stored.actions == blobs(0, stored.header.seq), "header and actions differ");
            if stored.header.seq == 300 {
                break;
            }
        }
    });
    watched.await.expect("the writer to end");
    writer.await.unwrap();
}
