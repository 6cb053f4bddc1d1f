"""scikit-learn: a classifier and a clustering, on data that it brings along."""

from __future__ import annotations

from sklearn import cluster, datasets, ensemble, linear_model, model_selection


def compute() -> None:
    data, target = datasets.load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = model_selection.train_test_split(
        data, target, random_state=3
    )
    for model in (
        linear_model.LogisticRegression(max_iter=500),
        ensemble.RandomForestClassifier(n_estimators=20, random_state=3),
    ):
        assert model.fit(train_x, train_y).score(test_x, test_y) > 0.85, model
    groups = cluster.KMeans(3, n_init=3, random_state=3).fit_predict(data)  # OpenMP has threads
    assert len(set(groups[:50])) == 1
