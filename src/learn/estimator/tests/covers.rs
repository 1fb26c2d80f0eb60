//! What trees say of the rows they have seen, and that saying it changed nothing else.

use super::*;
use crate::learn::NodeView;

/// How many rows of the matrix come to each node.
fn counted(tree: &TreeView<'_>, matrix: &Matrix) -> Vec<f64> {
    let mut counts = vec![0.0; tree.nodes.len()];
    for row in 0..matrix.rows() {
        let mut at = 0;
        loop {
            counts[at] += 1.0;
            let NodeView { node, above, .. } = tree.nodes[at];
            match node {
                ForestNode::Leaf(_) => break,
                ForestNode::Split { column, threshold } => {
                    let is_below = matrix.row(row)[column] <= threshold;
                    at = if is_below { at + 1 } else { above };
                }
            }
        }
    }
    counts
}

fn views(model: &FittedModel) -> Vec<TreeView<'_>> {
    match model {
        FittedModel::Forest(forest) => forest.tree_views().unwrap().collect(),
        FittedModel::GradientBoosting(trees) => trees.tree_views().unwrap().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cover_is_how_many_train_rows_came_to_a_node() {
    let (matrix, labels) = testing::classification(500, 6, 17);
    for kind in ["decision_tree", "extra_trees", "gradient_boosting"] {
        let parameters = testing::parameters(kind);
        let (model, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        let trees = views(&model);
        assert!(trees.iter().any(|tree| tree.nodes.len() > 5));
        for tree in trees {
            let covers: Vec<f64> = tree.nodes.iter().map(|node| node.cover).collect();
            assert_eq!(covers, counted(&tree, &matrix), "{kind}");
        }
    }
    // Of a sample with repetitions there are as many as rows.
    let forest = fit_forest(&forest(9), &matrix, &labels);
    let roots = forest.tree_views().unwrap().map(|tree| tree.nodes[0].cover);
    assert_eq!(roots.collect::<Vec<_>>(), [500.0; 9]);
}

#[test]
fn views_answer_as_the_model_does() {
    let (matrix, labels) = testing::classification(200, 5, 18);
    let answer = |tree: &TreeView<'_>, row: &[f64]| {
        let alone = Matrix::new(1, row.len(), row.to_vec());
        let counts = counted(tree, &alone);
        let leaf = counts.iter().rposition(|count| *count > 0.0).unwrap();
        match tree.nodes[leaf].node {
            ForestNode::Leaf([value]) => *value,
            other => panic!("{other:?}"),
        }
    };
    let forest = fit_forest(&forest(7), &matrix, &labels);
    let boosted = gradient_boosting::fit(&testing::gradient_boosting(), &matrix, &labels).unwrap();
    let (trees, rounds): (Vec<_>, Vec<_>) = (
        forest.tree_views().unwrap().collect(),
        boosted.tree_views().unwrap().collect(),
    );
    for row in (0..200).map(|row| matrix.row(row)) {
        let sum = trees.iter().fold(0.0, |sum, tree| sum + answer(tree, row));
        assert_eq!(sum / 7.0, forest.predict_row(row));
        let add = |sum: f64, tree: &TreeView<'_>| sum + answer(tree, row);
        let log_odds = rounds.iter().fold(boosted.base(), add);
        assert_eq!(crate::math::sigmoid(log_odds), boosted.probability(row));
    }
}

/// Without the covers, models and answers are byte for byte those of the versions before.
#[test]
fn counting_rows_changed_no_tree() {
    let (matrix, labels) = testing::classification(1000, 7, 9);
    let former = |parameters: EstimatorParameters, version: u32| {
        let (model, _) = fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap();
        let probabilities = model.predict(&matrix);
        let (model, mut content) = match model {
            FittedModel::Forest(forest) => {
                let (forest, bytes) = forest.second_version();
                (FittedModel::Forest(forest), bytes)
            }
            FittedModel::GradientBoosting(trees) => {
                let (trees, bytes) = trees.first_version();
                (FittedModel::GradientBoosting(trees), bytes)
            }
            other => panic!("{other:?}"),
        };
        let mut reader = Reader::new(&content);
        let output = Output::Probability;
        let read = FittedModel::read(&parameters, version, &mut reader, 7, output).unwrap();
        assert!(reader.is_at_end());
        assert_eq!(read, model);
        assert_eq!(read.predict(&matrix), probabilities);
        content.extend(probabilities.iter().flat_map(|value| value.to_le_bytes()));
        ObjectId::of_bytes(&content).to_string()
    };
    assert_eq!(
        [
            former(EstimatorParameters::RandomForest(forest(25)), 2),
            former(testing::parameters("decision_tree"), 1),
            former(testing::parameters("extra_trees"), 1),
            former(testing::parameters("gradient_boosting"), 1),
        ],
        [
            "4986c878eda2c92ded0460b55f3f4530126936154f517cb51e8ef898130cc674",
            "f12da889e9ecc5a9608e2ff52e8dcdc66bc9f014499b90c4b9f29333f51ee050",
            "df685273d59a57d150c87d187bf50e5108d4f17286b1e273deb3b255f589f3ab",
            "c49b38b972a69356bb1c0ffddbd7852d38eca3cfdff5cab9edff108511cc2460",
        ]
    );
}
